// This codec reads back every value that it wrote, without an error, as the table says: any value, of all types.

import { isDeepStrictEqual } from 'node:util'
import test from 'ava'
import * as fc from 'fast-check'
import {
  ndarray,
  pickle,
  PythonComplex,
  PythonDate,
  PythonDateTime,
  PythonDecimal,
  PythonError,
  PythonFloat,
  PythonFraction,
  PythonIPAddress,
  PythonObject,
  PythonPath,
  PythonPattern,
  PythonRange,
  PythonSlice,
  PythonTime,
  PythonTimeDelta,
  PythonTuple,
  PythonUUID,
} from 'carom/python'

/** Of one that is called and then given a dict, a pickle doesn't say that it is no exception. */
const NEW = { creation: 'new' } as const

const exact = pickle({ tuples: true, naive: true, unknown: 'object' })
const plain = pickle()

const day = fc
  .date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10))
const clock = fc
  .tuple(fc.nat(23), fc.nat(59), fc.nat(59), fc.nat(999_999))
  .map(
    ([h, m, s, us]) => `${[h, m, s].map((n) => String(n).padStart(2, '0')).join(':')}.${String(us).padStart(6, '0')}`,
  )
const fold = fc.constantFrom(0 as const, 1 as const)
const days = fc.integer({ min: -900_000_000, max: 900_000_000 })
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('__proto__', 'constructor', '\ud800', 'é'.repeat(200)),
)
const integer = fc.oneof(fc.maxSafeInteger(), fc.bigInt())
const positive = fc.bigInt({ min: 1n })

/** Values that Python can hash, no two of them equal. */
const hashable: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(null),
  text,
  integer,
  fc.double().filter((n) => !Number.isSafeInteger(n)),
  fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true }),
  fc.tuple(day, clock, fold).map(([date, time, which]) => new PythonDateTime(`${date}T${time}`, which)),
  day.map((date) => new PythonDate(date)),
  fc
    .tuple(clock, fc.constantFrom('', 'Z', '+02:30', '-23:59', '-00:00:01'), fold)
    .map(([time, offset, which]) => new PythonTime(time + offset, which)),
  fc.tuple(days, days, fc.integer()).map((parts) => new PythonTimeDelta(...parts)),
  fc.tuple(fc.double(), fc.double()).map((parts) => new PythonComplex(...parts)),
  fc.tuple(fc.bigInt(), positive).map((parts) => new PythonFraction(...parts)),
  fc.tuple(integer, integer, positive).map((parts) => new PythonRange(...parts)),
  fc.constantFrom('1.50', '-1E+400', 'Infinity', 'NaN', '0').map((decimal) => new PythonDecimal(decimal)),
  fc.uuid().map((uuid) => new PythonUUID(uuid)),
  fc.ipV4().map((address) => new PythonIPAddress(address)),
  fc.ipV6().map((address) => new PythonIPAddress(address)),
  fc.constantFrom('10.0.0.0/8', 'fe80::/10').map((network) => new PythonIPAddress(network)),
  fc.constantFrom('/a/b', 'a', '.').map((path) => new PythonPath(path, 'PurePosixPath')),
  fc.tuple(text, fc.nat(0x1ff)).map(([pattern, flags]) => new PythonPattern(pattern, flags | 32)),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
)

const arrays: fc.Arbitrary<unknown> = fc.oneof(
  fc.float64Array().map((array) => ndarray(array)),
  fc.float32Array({ minLength: 6, maxLength: 6 }).map((array) => ndarray(array, [2, 3])),
  fc.float32Array().map((array) => ndarray(array, [array.length, 1])),
  fc.int8Array().map((array) => ndarray(array, [1, array.length])),
  fc.uint8Array().map((array) => ndarray(array)),
  fc.uint8Array({ max: 1 }).map((array) => ndarray(array, undefined, 'bool')),
  fc.int16Array().map((array) => ndarray(array)),
  fc.uint32Array({ minLength: 1, maxLength: 1 }).map((array) => ndarray(array, [])),
  fc.bigInt64Array().map((array) => ndarray(array)),
  fc.bigUint64Array().map((array) => ndarray(array)),
  fc.bigInt64Array().map((array) => ndarray(array, undefined, 'datetime64[ns]')),
  fc.bigInt64Array().map((array) => ndarray(array, undefined, 'timedelta64[25s]')),
  fc.float64Array({ minLength: 4, maxLength: 4 }).map((array) => ndarray(array, [2], 'complex128')),
  fc.float32Array({ minLength: 4, maxLength: 4 }).map((array) => ndarray(array, [1, 2], 'complex64')),
  fc.float64Array(),
  fc.int32Array(),
  fc.bigUint64Array(),
  fc.uint8ClampedArray(),
  fc.uint8Array(),
  fc.uint8Array().map((array) => array.buffer),
)

const { value: values } = fc.letrec<{ value: unknown; key: unknown }>((tie) => ({
  key: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    hashable,
    fc.array(tie('key'), { maxLength: 4 }),
    fc.array(tie('key'), { maxLength: 4 }).map((items) => PythonTuple.from(items)),
  ),
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(
      hashable,
      fc.boolean(),
      fc.double(),
      fc.double().map((n) => new PythonFloat(n)),
      arrays,
    ),
    fc.array(tie('value'), { maxLength: 6 }),
    fc.array(tie('value'), { maxLength: 6 }).map((items) => PythonTuple.from(items)),
    fc.dictionary(text, tie('value'), { maxKeys: 6 }),
    fc.array(fc.tuple(tie('key'), tie('value')), { maxLength: 6 }).map((entries) => new Map(entries)),
    fc.array(tie('key'), { maxLength: 6 }).map((members) => new Set(members)),
    fc.tuple(tie('value'), tie('value'), tie('value')).map((parts) => new PythonSlice(...parts)),
    fc.array(tie('value'), { maxLength: 3 }).map((args) => new PythonError('KeyError', args, '')),
    fc
      .tuple(fc.array(tie('value'), { maxLength: 3 }), fc.dictionary(text, tie('value'), { minKeys: 1, maxKeys: 3 }))
      .map(([args, state]) => new PythonObject('app.shapes', 'Outer.Point', args, state, undefined, undefined, NEW)),
  ),
}))

/** An integer is a number where that is exact. */
const narrow = (value: number | bigint): number | bigint =>
  Number.isSafeInteger(Number(value)) ? Number(value) : value

/** The value as which the table says it is read back; `key`: it is a key, a member of a set, or inside one. */
function asRead(value: unknown, key = false): unknown {
  if (typeof value === 'bigint') return narrow(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof PythonFloat) return value.value
  if (value instanceof PythonTuple || (key && Array.isArray(value))) {
    return PythonTuple.from((value as unknown[]).map((item) => asRead(item, key)))
  }
  if (Array.isArray(value)) return value.map((item) => asRead(item))
  if (value instanceof Set) return new Set([...value].map((item) => asRead(item, true)))
  if (value instanceof Map) return mapAsRead(value)
  if (value instanceof ArrayBuffer) return Buffer.from(value)
  if (ArrayBuffer.isView(value)) return viewAsRead(value as Uint8Array)
  if (value instanceof PythonSlice) {
    return new PythonSlice(asRead(value.start), asRead(value.stop), asRead(value.step))
  }
  if (value instanceof PythonError) return asRead(value.args)
  if (value instanceof PythonObject) return [value.module, value.name, asRead(value.args), asRead(value.state)]
  if (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null) {
    return mapAsRead(new Map(Object.entries(value)))
  }
  if (value instanceof PythonRange) {
    return new PythonRange(narrow(value.start), narrow(value.stop), narrow(value.step))
  }
  return value
}

/** A dict with only texts as keys is an object. */
function mapAsRead(map: Map<unknown, unknown>): unknown {
  const read = [...map].map(([key, item]) => [asRead(key, true), asRead(item)] as const)
  if (!read.every(([key]) => typeof key === 'string')) return new Map(read)
  const object: Record<string, unknown> = {}
  for (const [key, item] of read) {
    Object.defineProperty(object, key as string, { value: item, writable: true, enumerable: true, configurable: true })
  }
  return object
}

/** Bytes of any kind are bytes. */
function viewAsRead(view: Uint8Array & { shape?: unknown }): unknown {
  if (view.shape !== undefined) return view
  return Object.prototype.toString.call(view).startsWith('[object Uint8') ? Buffer.from(view) : view
}

/** The same for the value that was read: of errors and objects only their parts. */
function shown(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (ArrayBuffer.isView(value)) return viewAsRead(value as Uint8Array)
  if (value instanceof PythonTuple) return PythonTuple.from([...value].map(shown))
  if (Array.isArray(value)) return value.map(shown)
  if (value instanceof Set) return new Set([...value].map(shown))
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [shown(key), shown(item)]))
  if (value instanceof PythonSlice) return new PythonSlice(shown(value.start), shown(value.stop), shown(value.step))
  if (value instanceof PythonError) return shown(value.args)
  if (value instanceof PythonObject) return [value.module, value.name, shown(value.args), shown(value.state)]
  if (Object.getPrototypeOf(value) !== Object.prototype) return value
  return mapAsRead(new Map(Object.entries(value).map(([key, item]) => [key, shown(item)])))
}

test('any value is read back as the table says', (t) => {
  fc.assert(
    fc.property(values, (value) => {
      const read = shown(exact.decode(exact.encode(value)))
      const expected = asRead(value)
      if (!isDeepStrictEqual(read, expected)) t.deepEqual(read, expected)
      return isDeepStrictEqual(read, expected)
    }),
    { numRuns: 2000 },
  )
  t.pass()
})

test('any value without objects of unknown classes is read back without options too, again and again', (t) => {
  const known = values.filter((value) => !exact.encode(value).includes('Outer.Point'))
  fc.assert(
    fc.property(known, (value) => {
      const once = plain.decode(plain.encode(value))
      return isDeepStrictEqual(shown(plain.decode(plain.encode(once))), shown(once))
    }),
    { numRuns: 1000 },
  )
  t.pass()
})

test('shared references stay shared', (t) => {
  const array = ndarray(Float64Array.of(1))
  const tuple = PythonTuple.of(array)
  const shared = { array, tuple, date: new Date(0), error: new PythonError('ValueError', [], ''), bytes: Buffer.of(1) }
  const [first, second, third] = exact.decode(
    exact.encode([shared, PythonTuple.of(shared), new Map([[1, Object.values(shared)]])]),
  ) as [typeof shared, [typeof shared], Map<number, unknown[]>]
  t.is(second[0], first)
  for (const [n, part] of Object.values(first).entries()) t.is(third.get(1)![n], part)
  t.is(first.tuple[0], first.array)
})

test('cycles stay cycles, through every container', (t) => {
  const list: unknown[] = []
  const tuple = PythonTuple.of<unknown>(list)
  const map = new Map<unknown, unknown>([[1, tuple]])
  const object = new PythonObject('app', 'Node', [], { list }, undefined, undefined, NEW)
  list.push(tuple, map, { map }, object)
  const read = exact.decode(exact.encode(tuple)) as PythonTuple<unknown[]>
  t.true(read instanceof PythonTuple)
  const [items] = read as unknown as [[typeof read, Map<number, unknown>, { map: unknown }, PythonObject]]
  t.is(items[0], read)
  t.is(items[1].get(1), read)
  t.is(items[2].map, items[1])
  t.is((items[3].state as { list: unknown }).list, items)
})
