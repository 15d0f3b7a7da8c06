// A value of every type that the codec 'structured' keeps, as far as the runtime has it.

/** Every name of a typed array: older runtimes lack some. */
const ARRAYS = [
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float16Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
]

const ERRORS = [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError]

/** Texts of all lengths at which another way of writing or reading one begins. */
const texts = [0, 1, 2, 3, 4, 5, 11, 12, 13, 23, 24, 25, 31, 32, 62, 63, 64, 127, 128, 5000].flatMap((length) =>
  ['abcdefghi', 'äöü', '漢字', '\ud800', '🎱'].map((unit) => unit.repeat(length).slice(0, length)),
)

const numbers = [0, -0, 1, 63, 64, 255, 256, -1, -256, -257, 32767, -32768, 32768, 2 ** 31 - 1, -(2 ** 31), 2 ** 31]
const others = [
  2 ** 53,
  0.1,
  NaN,
  Infinity,
  -Infinity,
  Number.MIN_VALUE,
  0n,
  -1n,
  2n ** 63n - 1n,
  2n ** 63n,
  -(2n ** 200n),
]

/** The typed arrays of this runtime, each in the middle of memory that has more. */
function typedArrays(): ArrayBufferView[] {
  return ARRAYS.flatMap((name) => {
    const type = (
      globalThis as unknown as Record<string, new (memory: ArrayBuffer, at: number, size: number) => object>
    )[name]
    if (type === undefined) return []
    const memory = new ArrayBuffer(64)
    new Uint8Array(memory).forEach((_, n, bytes) => (bytes[n] = n & 0x3f))
    return [new type(memory, 16, 3) as ArrayBufferView]
  })
}

function holes(): unknown[] {
  const array: unknown[] = [1]
  array[2] = 3
  array.length = 5
  const far: unknown[] = []
  far[100_000] = 'far'
  return [array, far, Object.assign([1, 2], { name: 'beside' }), Array.from({ length: 100 }, (_, n) => ({ n }))]
}

function objects(): object[] {
  const cycle: Record<string, unknown> = { name: 'cycle' }
  cycle['self'] = cycle
  cycle['list'] = [cycle, cycle]
  const shared = { shared: true }
  return [
    cycle,
    { first: shared, second: shared },
    JSON.parse('{"__proto__": 1, "constructor": 2, "10": 3, "2": 4, "": 5}') as object,
    Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`key ${n}`, n])),
    // More often than code for their shape is made, and with properties that are missing.
    Array.from({ length: 200 }, (_, n) => ({ id: n, name: `row ${n}`, ...(n % 7 === 0 && { extra: undefined }) })),
    { map: new Map<unknown, unknown>([['key', new Set([1, 'two', 3n])]]), at: new Date(1.7e12) },
    { pattern: /a(?<b>[^/]+)\/c/giu, url: new URL('https://example.com/a?b=c#d') },
    // oxlint-disable-next-line no-new-wrappers -- these are what is sent
    [new Number(-0), new String('text'), new Boolean(false), Object(5n) as object],
  ]
}

function errors(): Error[] {
  const error = Object.assign(new Error('outer', { cause: new TypeError('inner') }), {
    code: 'E_CODE',
    detail: { n: 1 },
  })
  return [
    error,
    ...ERRORS.map((Type) => new Type('of its kind')),
    new AggregateError([new Error('one'), 'two'], 'several'),
    new DOMException('aborted', 'AbortError'),
  ]
}

/** Each with a title. */
export function structuredValues(): [string, unknown][] {
  const memory = new DataView(new ArrayBuffer(16), 4, 8)
  memory.setFloat64(0, Math.PI)
  return Object.entries({
    primitives: [null, undefined, true, false, ...numbers, ...others],
    texts,
    'typed arrays': typedArrays(),
    'other memory': [memory, Uint8Array.of(1, 2, 3).buffer, Buffer.from('a buffer')],
    'packed numbers': [
      [1, 2, 3, 4, 5],
      [1000, -1000, 3, 4],
      [1e6, 2, 3, 4],
      [0.5, -0, NaN, 1],
    ],
    arrays: holes(),
    objects: objects(),
    errors: errors(),
  })
}

/** The parts of a value that `deepStrictEqual` doesn't compare: the kinds of its parts, and the fields of its errors. */
export function kinds(value: unknown, met = new Set<unknown>()): string[] {
  if (typeof value !== 'object' || value === null) return [Object.is(value, -0) ? '-0' : typeof value]
  if (met.has(value)) return ['again']
  met.add(value)
  const { name, message, code, cause } = value as Record<string, unknown>
  const fields =
    value instanceof Error ? [`${String(name)}: ${String(message)} ${String(code)}`, ...kinds(cause, met)] : []
  const parts = ArrayBuffer.isView(value)
    ? [`${value.byteLength}`]
    : Object.values(value).flatMap((part) => kinds(part, met))
  return [Object.prototype.toString.call(value), Buffer.isBuffer(value) ? 'Buffer' : '', ...fields, ...parts]
}
