import { types } from 'node:util'

/** Objects whose tag is not that of a proxy of them: to the language, such a proxy is an object like any other. */
const UNTAGGED: readonly [name: string, prototype: object][] = [
  ...[Date, Error, RegExp, Number, String, Boolean].map(({ name, prototype }) => [name, prototype] as [string, object]),
  ['typed array', Object.getPrototypeOf(Uint8Array.prototype) as object],
]

const { isPrototypeOf } = Object.prototype

/** Of a proxy of an object that is more than its properties, which can't be read through it: the kind of that object. */
export function kindBehindProxy(value: object): string | undefined {
  if (!types.isProxy(value)) return undefined
  return UNTAGGED.find(([, prototype]) => isPrototypeOf.call(prototype, value))?.[0]
}
