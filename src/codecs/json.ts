import { withoutTransferables } from '../wire/transferable.js'
import { type Step, unsendable } from './structured/refusal.js'
import { Whole } from './whole.js'

/** `JSON.stringify`'s own rules, in UTF-8. */
export const json: Whole = new Whole(
  {
    encode(value) {
      const text = withoutTransferables(() => stringify(value))
      if (text === undefined) throw new TypeError(`JSON has no ${typeof value}`)
      return Buffer.from(text)
    },
    decode: (bytes) => JSON.parse(bytes.toString()) as unknown,
  },
  'json',
)

function stringify(value: unknown): string | undefined {
  try {
    return JSON.stringify(value) as string | undefined
  } catch (error) {
    throw placeOfBigint(value) ?? error
  }
}

/** The engine doesn't say where a bigint is. Nothing if it was something else that could not be written. */
function placeOfBigint(value: unknown): Error | undefined {
  /** The objects around the value that is being looked at, and the ways to them. */
  const around: { object: unknown; step: Step }[] = []
  let found: Error | undefined
  try {
    JSON.stringify(value, function (this: unknown, key: string, part: unknown) {
      while (around.length > 0 && around.at(-1)!.object !== this) around.pop()
      const step = Array.isArray(this) ? Number(key) : key
      if (typeof part === 'bigint') {
        found ??= unsendable(
          'a bigint has no form in JSON',
          around.length === 0 ? [] : [...around.slice(1).map((each) => each.step), step],
        )
        return null
      }
      around.push({ object: part, step })
      return part
    })
  } catch {
    // It is what the first attempt has thrown.
  }
  return found
}
