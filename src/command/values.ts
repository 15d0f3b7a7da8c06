import { types } from 'node:util'

import { printableJson } from './terminal.js'

/**
 * Values as lines of JSON, and back. What JSON lacks is an object with the key `$type`, which says what it is, and mostly `value`.
 */

/** The key that marks what JSON lacks. */
const TYPE = '$type'

type Marked = Record<string, unknown>

/** The line for a value. Throws where it contains itself. */
export function toLine(value: unknown): string {
  return printableJson(JSON.stringify(marked(value, new Set())))
}

/** The value of a line. Throws a `SyntaxError` where it is no JSON, and a `TypeError` where a `$type` is unknown. */
export function fromLine(line: string): unknown {
  return unmarked(JSON.parse(line))
}

function marked(value: unknown, inside: Set<object>): unknown {
  switch (typeof value) {
    case 'undefined':
      return { [TYPE]: 'undefined' }
    case 'bigint':
      return { [TYPE]: 'bigint', value: String(value) }
    case 'number':
      if (Number.isFinite(value) && !Object.is(value, -0)) return value
      return { [TYPE]: 'number', value: Object.is(value, -0) ? '-0' : String(value) }
    case 'object': {
      if (value === null) return null
      if (inside.has(value)) throw new TypeError('a value that contains itself has no line of JSON')
      inside.add(value)
      const result = markedObject(value, (inner) => marked(inner, inside))
      inside.delete(value)
      return result
    }
    default:
      return value
  }
}

function markedObject(value: object, mark: (inner: unknown) => unknown): unknown {
  if (types.isDate(value)) {
    return { [TYPE]: 'Date', value: Number.isNaN(value.getTime()) ? null : value.toISOString() }
  }
  if (types.isMap(value)) {
    return { [TYPE]: 'Map', value: Array.from(value, ([key, each]) => [mark(key), mark(each)]) }
  }
  if (types.isSet(value)) return { [TYPE]: 'Set', value: Array.from(value, mark) }
  if (types.isRegExp(value)) return { [TYPE]: 'RegExp', value: value.source, flags: value.flags }
  if (types.isAnyArrayBuffer(value)) return { [TYPE]: 'ArrayBuffer', value: base64(new Uint8Array(value)) }
  if (ArrayBuffer.isView(value)) return markedView(value, mark)
  if (types.isNativeError(value)) {
    const { name, message } = value
    const fields: object = { ...value }
    const cause = 'cause' in value ? { cause: mark(value.cause) } : {}
    return { [TYPE]: 'Error', name, message, ...cause, ...(Object.keys(fields).length > 0 && { fields: mark(fields) }) }
  }
  const name = nameOf(value)
  if (Array.isArray(value)) {
    // A hole is `undefined` too.
    const items = Array.from(value as unknown[], mark)
    return name === 'Array' ? items : { [TYPE]: name, value: items }
  }
  const entries = Object.entries(value).map(([key, each]) => [key, mark(each)] as const)
  if (name !== 'Object') return { [TYPE]: name, value: Object.fromEntries(entries) }
  return TYPE in value ? { [TYPE]: 'Object', value: entries } : Object.fromEntries(entries)
}

function markedView(view: ArrayBufferView, mark: (inner: unknown) => unknown): Marked {
  const { shape, dtype } = view as { shape?: readonly number[]; dtype?: string }
  const extra = { ...(shape && { shape }), ...(dtype !== undefined && { dtype }) }
  if (types.isUint8Array(view) || types.isDataView(view)) {
    return { [TYPE]: 'bytes', value: base64(new Uint8Array(view.buffer, view.byteOffset, view.byteLength)), ...extra }
  }
  const kind = Object.prototype.toString.call(view).slice(8, -1)
  return { [TYPE]: kind, value: Array.from(view as unknown as ArrayLike<unknown>, mark), ...extra }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

function nameOf(value: object): string {
  const prototype = Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null
  return prototype?.constructor?.name ?? 'Object'
}

function unmarked(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(unmarked)
  if (Object.hasOwn(value, TYPE)) return read(value as Marked)
  // Not by assignment: `__proto__` is a key like another.
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, unmarked(each)]))
}

const ERRORS = [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError]

const READERS: Readonly<Record<string, (value: never, whole: Marked) => unknown>> = {
  undefined: () => undefined,
  bigint: (value: string) => BigInt(value),
  number: (value: string) => Number(value),
  Date: (value: string | null) => new Date(value ?? NaN),
  Map: (value: [unknown, unknown][]) => new Map(value.map(([key, each]) => [unmarked(key), unmarked(each)])),
  Set: (value: unknown[]) => new Set(value.map(unmarked)),
  RegExp: (value: string, { flags }) => new RegExp(value, flags as string),
  ArrayBuffer: (value: string) => new Uint8Array(Buffer.from(value, 'base64')).buffer,
  bytes: (value: string) => Buffer.from(value, 'base64'),
  Object: (value: [string, unknown][]) => Object.fromEntries(value.map(([key, each]) => [key, unmarked(each)])),
  Error: (_, { name, message, fields, ...rest }) => {
    const Kind = ERRORS.find((each) => each.name === name) ?? Error
    const error = new Kind(String(message), 'cause' in rest ? { cause: unmarked(rest['cause']) } : {})
    if (name !== Kind.name) Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true })
    return Object.assign(error, unmarked(fields))
  },
}

const ARRAYS =
  'Int8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array Float32Array Float64Array BigInt64Array BigUint64Array'.split(
    ' ',
  )

function read(whole: Marked): unknown {
  const kind = String(whole[TYPE])
  const value = whole['value']
  if (Object.hasOwn(READERS, kind)) return READERS[kind]?.(value as never, whole)
  if (ARRAYS.includes(kind) && Array.isArray(value)) {
    const constructor = (globalThis as unknown as Record<string, { from(items: unknown[]): object }>)[kind]
    return constructor?.from(value.map(unmarked))
  }
  throw new TypeError(`no $type is called ${kind}: there are ${[...Object.keys(READERS), ...ARRAYS].join(', ')}`)
}
