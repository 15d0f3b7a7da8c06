/** Where generated code gets the values of an object from, in the order of its names. */
export interface Values {
  read(): unknown
}

/** The code for a shape, or none any more. */
export interface Generated {
  build: ((values: Values) => Record<string, unknown>) | undefined
  /** Whether it was used since it was last looked at. */
  used: boolean
}

/** For how many shapes there is code, in all. */
const GENERATED_MAX = 1024

/** All code, in the order in which it is looked at when room is needed, by the text that it was made of. */
const table = new Map<string, Generated>()

let allowed = true

/**
 * Makes code that builds an object with these names: nothing of a message but them is in it, and each as a string literal. None
 * where the program forbids it (`--disallow-code-generation-from-strings`).
 */
export function generate(names: readonly string[]): Generated | undefined {
  if (!allowed) return undefined
  const body = names
    .map((name) => `${name === '__proto__' ? '["__proto__"]' : JSON.stringify(name)}:values.read()`)
    .join()
  const known = table.get(body)
  if (known) return known
  let build: (values: Values) => Record<string, unknown>
  try {
    // oxlint-disable-next-line no-new-func -- the engine makes an object of known names several times as fast
    build = new Function('values', `return{${body}}`) as typeof build
  } catch {
    allowed = false
    return undefined
  }
  makeRoom()
  const generated = { build, used: true }
  table.set(body, generated)
  return generated
}

/** Removes the code that was not used for longest: a peer with ever new shapes takes none from a peer that uses its own. */
function makeRoom(): void {
  while (table.size >= GENERATED_MAX) {
    const [body, oldest] = table.entries().next().value!
    table.delete(body)
    if (oldest.used) {
      oldest.used = false
      table.set(body, oldest)
    } else oldest.build = undefined
  }
}
