/** Gives an object a property, whatever its prototype has by that name. */
export function define(object: object, name: string, value: unknown, enumerable = true): void {
  Object.defineProperty(object, name, { value, enumerable, writable: true, configurable: true })
}
