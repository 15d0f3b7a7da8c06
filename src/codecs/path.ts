/** Where in a value its encoding failed. Nothing is noted while it goes well: the path is put together on the way out. */

/** Steps that are shown of a long path, at either end. */
const SHOWN = 8

/** Characters that are shown of a key. */
const KEY = 60

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/

/** The exception that an encoder's calls throw on the way out: the failure, and the way to its place, from the inside out. */
class Located {
  readonly cause: unknown
  readonly steps: string[] = []

  constructor(cause: unknown) {
    this.cause = cause
  }
}

/** For the `catch` of whatever encodes the parts of a value: what to throw, where `step` leads to the part that failed. */
export function located(error: unknown, step: string): unknown {
  const found = error instanceof Located ? error : new Located(error)
  found.steps.push(step)
  return found
}

/**
 * The failure that was located: an error whose message begins with the place. `parts`: the names by which the user knows the items
 * of the array that was encoded.
 */
export function withPlace(error: unknown, parts: readonly string[] = []): unknown {
  if (!(error instanceof Located)) return error
  const { cause } = error
  const message = cause instanceof Error ? cause.message : String(cause)
  const [first = '', ...steps] = error.steps.toReversed()
  const part = parts.find((_, index) => item(index) === first) ?? first
  return new PlacedError(`${placeOf([part, ...steps])}: ${message}`, { cause })
}

/** The place of the failure that was located. */
export function placeIn(error: unknown): string | undefined {
  return error instanceof Located ? placeOf(error.steps.toReversed()) : undefined
}

/** An error with the place in its message, and the exception as its `cause`. */
export class PlacedError extends TypeError {}

export function placeOf(steps: readonly string[]): string {
  const shown = steps.length > SHOWN * 2 ? [...steps.slice(0, SHOWN), '…', ...steps.slice(-SHOWN)] : steps
  return shown.join('').replace(/^\./, '')
}

/** `what`, behind the place that it is about, if there is one. */
export function atPlace(place: string | undefined, what: string): string {
  return place === undefined || place === '' ? what : `${place}: ${what}`
}

/** The step to a property. */
export function property(key: string): string {
  return IDENTIFIER.test(key) && key.length <= KEY ? `.${key}` : `[${quoted(key)}]`
}

/** The step to an item of an array. */
export function item(index: number): string {
  return `[${index}]`
}

/** The step to what a `Map` has under a key, which is the `index`th. */
export function entry(key: unknown, index: number): string {
  if (typeof key === 'string') return `.get(${quoted(key)})`
  return typeof key === 'object' || typeof key === 'function' || typeof key === 'symbol'
    ? `.values()[${index}]`
    : `.get(${typeof key === 'bigint' ? `${key}n`.slice(0, KEY) : String(key)})`
}

/** The step to the `index`th key of a `Map`. */
export function mapKey(index: number): string {
  return `.keys()[${index}]`
}

/** The step to the `index`th member of a `Set`. */
export function member(index: number): string {
  return `.values()[${index}]`
}

function quoted(key: string): string {
  return JSON.stringify(key.length > KEY ? `${key.slice(0, KEY)}…` : key)
}
