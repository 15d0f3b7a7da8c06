/** Everything that a pollution of prototypes would touch. */

const TYPES = [Object, Array, Map, Set, Date, Error, Buffer, Uint8Array, Function, String, Number, BigInt]

export function snapshot(): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>()
  for (const type of TYPES) {
    const prototype = type.prototype as object
    found.set(`${type.name}'s prototype's prototype`, Object.getPrototypeOf(prototype))
    for (const key of Reflect.ownKeys(prototype)) {
      const { value, get, set } = Object.getOwnPropertyDescriptor(prototype, key)!
      for (const [part, what] of Object.entries({ value, get, set }) as [string, unknown][]) {
        found.set(`${part} of ${type.name}.prototype.${String(key)}`, what)
      }
    }
  }
  return found
}

/** The built-in objects that have changed. */
export function differences(before: ReadonlyMap<string, unknown>): string[] {
  const now = snapshot()
  return [...new Set([...before.keys(), ...now.keys()])].filter(
    (key) => before.has(key) !== now.has(key) || !Object.is(before.get(key), now.get(key)),
  )
}
