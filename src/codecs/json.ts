import { isSegment } from '../wire/segment.js'
import { isTransferable, withoutTransferables } from '../wire/transferable.js'
import { type Step, unsendable } from './structured/refusal.js'
import { Whole } from './whole.js'

/** `JSON.stringify`'s own rules, in UTF-8. */
export const json: Whole = new Whole(
  {
    encode(value) {
      const text = stringify(value)
      if (text === undefined) throw new TypeError(`JSON has no ${typeof value}`)
      return Buffer.from(text)
    },
    decode: (bytes) => JSON.parse(bytes.toString()) as unknown,
  },
  'json',
)

function stringify(value: unknown): string | undefined {
  try {
    return withoutTransferables(() => JSON.stringify(value) as string | undefined)
  } catch (error) {
    throw placed(value, error) ?? error
  }
}

/**
 * The engine says where neither a bigint is nor an object that can't be transferred, which was refused with `error`. Nothing if it was
 * something else that could not be written.
 */
function placed(value: unknown, error: unknown): Error | undefined {
  /** The objects around the value that is being looked at, and the ways to them. */
  const around: { object: unknown; step: Step }[] = []
  let found: Error | undefined
  try {
    JSON.stringify(value, function (this: unknown, key: string, part: unknown) {
      while (around.length > 0 && around.at(-1)!.object !== this) around.pop()
      const step = Array.isArray(this) ? Number(key) : key
      const refused = refusal(part, (this as Record<string, unknown>)[key], error)
      if (refused !== undefined) {
        found ??= unsendable(refused, around.length === 0 ? [] : [...around.slice(1).map((each) => each.step), step])
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

/** Why JSON has no form for `part`, which its `toJSON` may have made of `given`; nothing where it has one. */
function refusal(part: unknown, given: unknown, error: unknown): string | undefined {
  if (typeof part === 'bigint') return 'a bigint has no form in JSON'
  if (typeof given !== 'object' || given === null) return undefined
  return isTransferable(given) || isSegment(given) ? (error as Error).message : undefined
}
