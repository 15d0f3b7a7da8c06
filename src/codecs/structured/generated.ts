/** Where generated code gets the values of an object from, in the order of its names. */
export interface Values {
  read(): unknown
}

/** The code for a shape, or nothing once it has been removed. */
export interface Generated {
  build: ((values: Values) => Record<string, unknown>) | undefined
  /** Whether it was used since it was last examined. */
  used: boolean
}

/** The maximum number of shapes with code, for all peers together. */
const GENERATED_MAX = 1024

/** All generated code by its source, in the order in which it is examined for eviction. */
const table = new Map<string, Generated>()

let allowed = true

/**
 * Generates code that builds an object with these names. Only the names come from the message, each as a string literal. Returns
 * nothing if the program forbids code generation (`--disallow-code-generation-from-strings`).
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

/** Evicts the least recently used code, so that a peer with ever new shapes evicts none that another peer is using. */
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
