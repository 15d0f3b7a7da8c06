import { Arguments, Global, Internal, printable, Reduction } from './internal.js'

/** Says what has no form, and what could be done about it. */
export function refuse(internal: Internal): never {
  const cause = internal instanceof Reduction ? causeOf(internal) : internal
  const name = printable(cause.name)
  if (cause instanceof Reduction && cause.reason !== undefined) throw new Error(cause.reason)
  if (cause instanceof Reduction || isUnknown(cause)) {
    throw new Error(
      `it asks for ${name}, which is not supported: send a value of the table in docs/pickle.md, or read it by the options classes or unknown of pickle()`,
    )
  }
  throw new Error(`${name} can only be received as a part of a value that has a JavaScript form`)
}

/** Whether nothing but its name is known of a class or function. */
function isUnknown(value: unknown): boolean {
  return value instanceof Global && value.construct === undefined
}

/** The arguments that a constructor of the allow-list refuses, if those are the reason. */
function causeOf(reduction: Reduction): Internal {
  let cause: Internal = reduction
  // An argument of an argument, at most so often: whatever the peer has nested, the refusal comes soon.
  for (let depth = 0; depth < 10 && cause instanceof Reduction && cause.reason !== undefined; depth++) {
    const { state } = cause
    const parts: unknown[] = [
      ...cause.args.slice(0, 10),
      ...(state instanceof Arguments ? state.items.slice(0, 10) : []),
    ]
    const inner = parts.find((part) => (part instanceof Reduction && !part.isError) || isUnknown(part))
    if (!(inner instanceof Internal)) break
    cause = inner
  }
  return cause
}
