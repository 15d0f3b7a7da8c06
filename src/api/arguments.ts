import { types } from 'node:util'

/** Checks of callers' arguments: each error says what was expected and what was passed. */

import { type OptionNames, unknownOption } from './option-names.js'

export function invalidType(name: string, expected: string, value: unknown): TypeError {
  return invalid(`${name} must be ${expected}, not ${kind(value)}`)
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

/** The error of a call whose memory was transferred, detached or shrunk while it was used. */
export function takenAway(memory: string, consequence: string): TypeError {
  return Object.assign(new TypeError(`${memory} was transferred, detached or shrunk meanwhile: ${consequence}`), {
    code: 'ERR_INVALID_STATE',
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

/** Milliseconds to wait; `Infinity` waits for ever, a negative time not at all. */
export function timeout(value: unknown, name = 'timeout'): number {
  if (typeof value !== 'number') throw invalidType(name, 'a number of milliseconds', value)
  if (Number.isNaN(value)) throw outOfRange(name, 'a number of milliseconds', value)
  return Math.max(value, 0)
}

export function boolean(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw invalidType(name, 'a boolean', value)
  return value
}

const NONE: Readonly<Record<never, never>> = Object.freeze({})

/** An options object without a name that is not in `known`, or none. */
export function options<T extends object>(value: T | undefined, known: OptionNames<T>): Partial<T> {
  if (value === undefined) return NONE
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidType('options', 'an object', value)
  }
  if (isAbortSignal(value)) throw invalidType('options', 'an object, { signal } for a signal', value)
  const { names } = known
  for (const name in value) {
    // A name that a library has put into Object.prototype is not the caller's.
    if (Object.hasOwn(names, name) || (name in Object.prototype && !Object.hasOwn(value, name))) continue
    throw invalid(unknownOption(name, known))
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null ? value : flattened(value, known)
}

/** All options of an object, inherited ones too, as of a class's instance: a rest pattern would leave those out. */
function flattened<T extends object>(value: T, { names }: OptionNames<T>): Partial<T> {
  const own: Partial<T> = {}
  for (const name of Object.keys(names) as (keyof T)[]) if (name in value) own[name] = value[name]
  return own
}

/** The error of a wrong argument, with a message of the caller's. */
export function invalid(message: string): TypeError {
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_TYPE' })
}

export function abortSignal(value: unknown): AbortSignal | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'object' || value === null || !isAbortSignal(value)) {
    throw invalidType('signal', 'an AbortSignal', value)
  }
  return value
}

/** Of any realm; naming the class would make Node load it in every process that starts. */
function isAbortSignal(value: object): value is AbortSignal {
  return 'aborted' in value && 'addEventListener' in value
}

/** The bytes behind any view or buffer, without a copy. */
export function bytes(name: string, value: ArrayBufferView | ArrayBufferLike): Uint8Array {
  if (value instanceof Uint8Array) return value
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  // Of any realm: those of `vm`, and of Jest's tests, are no instances of this one's class.
  if (types.isAnyArrayBuffer(value)) return new Uint8Array(value)
  throw invalidType(name, 'an ArrayBuffer or a view of one', value)
}
