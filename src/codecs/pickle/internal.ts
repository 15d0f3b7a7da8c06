/**
 * What has a meaning inside a pickle only: a name from the allow-list, an unfinished object, a time zone. It is never part of
 * a decoded value: whatever the reader puts into a container, or returns, it refuses if it is one of these.
 */
export abstract class Internal {
  /** Where the memo has it, if it does: what takes its place is put there. */
  slot = -1

  /** As Python calls it, for the refusal. */
  abstract get name(): string

  /** What `state` makes of it. */
  build(_state: unknown): unknown {
    throw new Error(`a state for ${this.name} is not supported`)
  }
}

/** A tuple that has something internal in it, as the arguments of a constructor may. */
export class Arguments extends Internal {
  readonly items: unknown[]

  constructor(items: unknown[]) {
    super()
    this.items = items
  }

  get name(): string {
    return (this.items.find((item) => item instanceof Internal) as Internal).name
  }
}

/** A class or function that a pickle may name. What it would do in Python is done here, without it. */
export class Global extends Internal {
  readonly name: string
  readonly construct: (this: void, args: unknown[], name: string) => unknown

  constructor(module: string, name: string, construct: (this: void, args: unknown[], name: string) => unknown) {
    super()
    this.name = `${module}.${name}`
    this.construct = construct
  }
}

export function refuseInternal({ name }: Internal): never {
  throw new Error(`${name} can only be received as a part of a value that has a JavaScript form`)
}

/** Arguments that no Python would have written. */
export function unexpectedArguments(name: string): Error {
  return new Error(`unexpected arguments for ${name}`)
}
