/** Checks of what callers pass: each refusal says what was expected and what came. */

export function invalidType(name: string, expected: string, value: unknown): TypeError {
  return Object.assign(new TypeError(`${name} must be ${expected}, not ${kind(value)}`), {
    code: 'ERR_INVALID_ARG_TYPE',
  })
}

function kind(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'string') return `the string ${JSON.stringify(value.slice(0, 40))}`
  return typeof value === 'object' ? (value.constructor?.name ?? 'an object') : `a ${typeof value}`
}

export function outOfRange(name: string, expected: string, value: unknown): RangeError {
  return Object.assign(new RangeError(`${name} must be ${expected}, not ${String(value)}`), {
    code: 'ERR_OUT_OF_RANGE',
  })
}

/** An integer from `least` to `most`. */
export function integer(name: string, value: unknown, least: number, most: number): number {
  if (typeof value !== 'number') throw invalidType(name, 'a number', value)
  if (!Number.isInteger(value) || value < least || value > most) {
    throw outOfRange(
      name,
      most === Infinity ? `an integer of at least ${least}` : `an integer from ${least} to ${most}`,
      value,
    )
  }
  return value
}

/** Milliseconds to wait; `Infinity` is for ever, a negative time is none. */
export function timeout(value: unknown, name = 'timeout'): number {
  if (typeof value !== 'number') throw invalidType(name, 'a number of milliseconds', value)
  if (Number.isNaN(value)) throw outOfRange(name, 'a number of milliseconds', value)
  return Math.max(value, 0)
}

export function boolean(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw invalidType(name, 'a boolean', value)
  return value
}

/** An options object, or none. */
export function options<T extends object>(value: T | undefined): Partial<T> {
  if (value === undefined) return {}
  if (typeof value !== 'object' || value === null) throw invalidType('options', 'an object', value)
  return value
}

export function abortSignal(value: unknown): AbortSignal | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'object' || value === null || !('aborted' in value && 'addEventListener' in value)) {
    throw invalidType('signal', 'an AbortSignal', value)
  }
  return value as AbortSignal
}

/** The bytes behind any view or buffer, without a copy. */
export function bytes(name: string, value: ArrayBufferView | ArrayBufferLike): Uint8Array {
  if (value instanceof Uint8Array) return value
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) return new Uint8Array(value)
  throw invalidType(name, 'an ArrayBuffer or a view of one', value)
}
