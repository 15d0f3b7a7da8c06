import { isDeepStrictEqual } from 'node:util'
import vm from 'node:vm'
import test from 'ava'
import { checkDescriptors } from './descriptors.ts'
import { pair, pairWithRawEnd } from './pairs.ts'
import { frame, writeAll } from './wire.ts'

checkDescriptors(test)

const circular: Record<string, unknown> = { name: 'circle' }
circular['self'] = circular
circular['list'] = [circular, { up: circular }]

const shared = { shared: true }

/** Gives an array properties, some with names that look like an element's but are not. */
function named(array: unknown[], value: (array: unknown[]) => unknown = () => ['x']): unknown {
  return Object.assign(array, {
    unit: 'm',
    '-1': 1,
    '01': 2,
    '1.5': 3,
    '4294967295': 4,
    '': 5,
    NaN: 6,
    value: value(array),
  })
}

// The default codec keeps every value that the structured clone algorithm keeps.
const values: [string, unknown][] = [
  ['undefined', undefined],
  ['undefined inside an object and an array', { a: undefined, b: [undefined, 1] }],
  ['NaN', Number.NaN],
  ['infinities', [Infinity, -Infinity]],
  [
    'numbers at the edges of integers',
    [2 ** 31, -(2 ** 31) - 1, 2 ** 32, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER],
  ],
  ['numbers at the edges of doubles', [Number.MAX_VALUE, Number.MIN_VALUE, Number.EPSILON, 0.1, 1e21]],
  ['a bigint that a number could hold', 5n],
  ['bigints of 64 bits', [2n ** 63n - 1n, -(2n ** 63n), 2n ** 64n - 1n]],
  ['bigints of more than 64 bits', [2n ** 64n, -(2n ** 64n), 2n ** 200n + 1n, -(2n ** 1000n) - 7n]],
  [
    'a Map',
    new Map<unknown, unknown>([
      ['a', 1],
      [2, 'b'],
      [{ k: 1 }, new Map()],
    ]),
  ],
  ['a Set', new Set<unknown>([1, 'two', { three: 3 }])],
  ['a Date', new Date('2024-02-29T12:34:56.789Z')],
  ['dates before 1970 and far ahead', [new Date(-1), new Date(-8.64e15), new Date(8.64e15)]],
  ['a Uint8Array', Uint8Array.of(0, 127, 255)],
  ['an Int8Array', Int8Array.of(-128, 127)],
  ['an Int16Array', Int16Array.of(-32768, 32767)],
  ['a Uint16Array', Uint16Array.of(0, 65535)],
  ['an Int32Array', Int32Array.of(-1, 1)],
  ['a Uint32Array', Uint32Array.of(0xffffffff)],
  ['a Float32Array', Float32Array.of(0.5, -2.25)],
  ['a Float64Array', Float64Array.of(0.1, -1e300)],
  ['a BigInt64Array', BigInt64Array.of(-(2n ** 63n), 1n)],
  ['a BigUint64Array', BigUint64Array.of(2n ** 64n - 1n)],
  ['an ArrayBuffer', Uint8Array.of(1, 2, 3).buffer],
  ['a long string of every plane', 'aé漢🎱'.repeat(10_000)],
  ['text with a lone NUL', 'a\0b'],
  ['an object with keys that look like numbers', { 1: 'one', '-1': 'minus', '01': 'zero' }],
  ['an array of a hundred thousand', Array.from({ length: 100_000 }, (_, n) => n)],
  ['objects of many shapes', Array.from({ length: 300 }, (_, n) => ({ [`key${n}`]: n, common: true }))],
  ['what a regular expression has matched', /(?<first>b)/.exec('abc')],
  ['an array with properties beside its elements', named([1, 'a', { b: 2 }])],
  ['an empty array with them', named([])],
  ['an array of numbers with them', named(Array.from({ length: 64 }, (_, n) => n))],
  ['a long array with them', named(Array.from({ length: 65 }, (_, n) => n / 2))],
  ['a very long array with them', named(Array.from({ length: 5000 }, () => null))],
  ['an array of holes with them', named(Object.assign([], { length: 3 }))],
  ['a sparse array with them', named(Object.assign([], { 5000: 'far' }))],
  ['an array that is beside its own elements', named([1], (array) => array)],
  ['nesting a hundred deep', Array.from({ length: 100 }).reduce((inner) => ({ inner }), null)],
]

for (const [name, value] of values) {
  test(`structured carries ${name}`, async (t) => {
    const [a, b] = pair(t)
    const sending = a.send(value)
    t.deepEqual(await b.recv(), value)
    await sending
  })
}

test('structured carries cycles', async (t) => {
  const [a, b] = pair(t)
  await a.send(circular)
  const received = (await b.recv()) as typeof circular
  const [first, second] = received['list'] as [unknown, { up: unknown }]
  t.is(received['name'], 'circle')
  t.is(received['self'], received)
  t.is(first, received)
  t.is(second.up, received)
})

test('structured keeps it one object when it occurs twice', async (t) => {
  const [a, b] = pair(t)
  await a.send([shared, shared])
  const [one, two] = (await b.recv()) as [unknown, unknown]
  t.deepEqual(one, shared)
  t.is(one, two)
})

for (const [what, twice] of Object.entries({ object: shared, array: [1], view: Uint8Array.of(1), map: new Map() })) {
  test(`structured keeps it one ${what} wherever it occurs twice, among few objects and among many`, async (t) => {
    const [a, b] = pair(t)
    for (const between of [0, 1, 12, 13, 14, 15, 16, 40]) {
      const others = Array.from({ length: between }, (_, n) => ({ n, list: [n] }))
      await a.send({ first: { twice }, others, last: [{ twice }] })
      const received = (await b.recv()) as { first: { twice: unknown }; others: unknown; last: [{ twice: unknown }] }
      t.deepEqual(received, { first: { twice }, others, last: [{ twice }] })
      t.is(received.first.twice, received.last[0].twice, `${between} between`)
    }
  })
}

for (const Type of [Error, TypeError, RangeError, SyntaxError]) {
  test(`structured carries a ${Type.name}`, async (t) => {
    const [a, b] = pair(t)
    await a.send({ failure: new Type('what went wrong') })
    const { failure } = (await b.recv()) as { failure: Error }
    t.true(failure instanceof Type)
    t.is(failure.name, Type.name)
    t.is(failure.message, 'what went wrong')
  })
}

test('structured carries many messages of the same and of different shapes on one connection', async (t) => {
  const [a, b] = pair(t)
  const sent = Array.from({ length: 1000 }, (_, n) =>
    n % 3 === 0 ? { id: n, name: `n${n}` } : { [`k${n % 50}`]: n, id: n },
  )
  for (const value of sent) void a.send(value)
  for (const value of sent) t.deepEqual(await b.recv(), value)
})

test("memory in a small message is the receiver's: the messages behind it leave it as it is", async (t) => {
  const [a, b] = pair(t)
  const objects = Array.from({ length: 40 }, (_, n) => ({
    bytes: Buffer.alloc(20 + n, n),
    words: Uint32Array.of(n, n + 1),
    memory: Uint8Array.of(n).buffer,
    text: `the ${n}th of them`,
  }))
  const bare = objects.map(({ bytes }) => bytes)
  for (const value of [...objects, ...bare]) void a.send(value)
  const received: unknown[] = []
  while (received.length < objects.length + bare.length) received.push(await b.recv())
  t.deepEqual(received.slice(0, objects.length), objects)
  t.deepEqual(received.slice(objects.length), bare)
})

test('every message decodes by itself: an end adopted in the middle of a conversation understands it', async (t) => {
  const { connection, fd } = pairWithRawEnd(t)
  const [a, b] = pair(t)
  for (let n = 0; n < 50; n++) await a.send({ id: n, name: 'same shape', list: [{ x: n }] })
  let last: Buffer = Buffer.alloc(0)
  for (let n = 0; n < 50; n++) last = await b.recvBytes()
  writeAll(fd, frame(last))
  t.deepEqual(await connection.recv(), { id: 49, name: 'same shape', list: [{ x: 49 }] })
})

test('a __proto__ key sent as a value changes no prototype', async (t) => {
  const [a, b] = pair(t)
  const value = JSON.parse(
    '{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}, "x": 1}',
  )
  await a.send(value)
  const received = (await b.recv()) as Record<string, unknown>
  t.deepEqual(Object.keys(received), ['__proto__', 'constructor', 'x'])
  t.deepEqual(Object.getOwnPropertyDescriptor(received, '__proto__')?.value, { polluted: true })
  t.is(received['x'], 1)
  t.is(Object.getPrototypeOf(received), Object.prototype)
  t.is(received['polluted'], undefined)
  t.is(({} as Record<string, unknown>)['polluted'], undefined)
})

const far: unknown[] = []
far[20_000_000] = 'far'
const emptied: unknown[] = []
emptied.length = 30_000_000

/** Rows of the table in `docs/codecs.md`: what arrives is what `structuredClone` makes of the value. */
const rows: [string, unknown][] = [
  ['minus zero', [-0, 0]],
  ['every edge of a small integer', [0, 63, 64, 255, 256, 32_767, 32_768, -1, -256, -257, -32_768, -32_769]],
  ['lone surrogates', ['\ud800', 'a\udfff', '\udfff\ud800', { '\ud800': 1 }]],
  ['text of one byte a unit, and of two', ['é'.repeat(10), 'é'.repeat(1000), '漢'.repeat(10), '漢'.repeat(1000)]],
  // oxlint-disable-next-line no-sparse-arrays -- they are what is tested
  ['holes', [1, , 3, , ,]],
  ['an element far from the others', far],
  ['an array of nothing but a length', emptied],
  ['an array of numbers and one text', [1, 2, 3, 4, 5, 'six']],
  [
    'numbers of every width',
    [
      [1, 2, 3, 4],
      [1, 2, 3, 400],
      [1, 2, 3, 70_000],
      [1, 2, 3, 2 ** 40],
      [1, 2, 3, -0],
      [1.5, NaN, -Infinity, 2],
    ],
  ],
  ['boxed primitives', [Object(1), Object('two'), Object(false), Object(4n)]],
  ['a RegExp, whose lastIndex is 0', Object.assign(/a\/(b)/giu, { lastIndex: 3 })],
  ['an ArrayBuffer of no bytes', new ArrayBuffer(0)],
  ['a DataView', new DataView(Uint8Array.of(1, 2, 3, 4).buffer)],
  ['a Uint8ClampedArray', Uint8ClampedArray.of(1, 255)],
  ['an object with 5,000 properties', Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`name${n}`, n]))],
  [
    '300 shapes, each twice',
    Array.from({ length: 600 }, (_, n) => ({ [`name${n % 300}`]: n, common: { [`inner${n % 300}`]: n } })),
  ],
  ['names of one shape in two orders', [{ a: 1, b: 2 }, { b: 3, a: 4 }, { a: 5 }, { a: 6, b: 7, c: 8 }, {}]],
  ['names that look like indexes', { 2: 'b', 1: 'a', x: 1, '-1': 'c', '01': 'd', 4294967295: 'e' }],
  [
    'names that objects inherit',
    JSON.parse('{"toString":1,"constructor":2,"hasOwnProperty":{"__proto__":{"__proto__":3}}}'),
  ],
  ['an object without a prototype', Object.assign(Object.create(null), { a: 1 })],
  ['an object that inherits enumerable properties', Object.assign(Object.create({ inherited: 1 }), { own: 2 })],
  [
    'properties under symbols, and hidden ones',
    Object.defineProperty({ a: 1, [Symbol('s')]: 2 }, 'hidden', { value: 3 }),
  ],
  [
    'an instance of a class',
    new (class Point {
      x = 1
      #y = 2
      get z(): number {
        return this.#y
      }
    })(),
  ],
  [
    'subclasses of built-in classes',
    [
      new (class extends Map<number, number> {})([[1, 2]]),
      new (class extends Set<number> {})([1]),
      new (class extends Array<unknown> {})(3),
      new (class extends Date {})(),
    ],
  ],
]

for (const [what, value] of rows) {
  test(`structured keeps ${what} as structuredClone does`, (t) => {
    const [a, b] = pair(t)
    a.sendSync(value)
    const received = b.recvSync()
    // Not by what AVA prints: some are far too long.
    t.true(isDeepStrictEqual(received, structuredClone(value)))
  })
}

test('an array whose elements lie far apart costs little, on the wire and in memory', (t) => {
  const [a, b] = pair(t)
  for (const sparse of [far, emptied]) {
    a.sendSync(sparse)
    const message = b.recvBytesSync()
    t.true(message.length < 40, `${message.length} bytes`)
    a.sendBytesSync(message)
    const before = process.memoryUsage().heapUsed
    const received = b.recvSync() as unknown[]
    t.is(received.length, sparse.length)
    // Its length times the size of an element would be 160 MB and more.
    t.true(process.memoryUsage().heapUsed - before < 16e6)
  }
})

test('an array of the greatest length arrives with its elements and no others', (t) => {
  const [a, b] = pair(t)
  const longest: unknown[] = []
  longest.length = 2 ** 32 - 1
  for (const at of [undefined, 0, 2 ** 32 - 2]) {
    if (at !== undefined) longest[at] = 'there'
    a.sendSync(longest)
    const received = b.recvSync() as unknown[]
    t.is(received.length, longest.length)
    t.deepEqual(Object.keys(received), Object.keys(longest))
  }
})

test('structured keeps a Buffer, a URL and a DOMException', (t) => {
  const [a, b] = pair(t)
  const url = new URL('https://user@host.example:8080/path?q=ü#fragment')
  const exception = new DOMException('it was aborted', 'AbortError')
  a.sendSync({ buffer: Buffer.from('carom'), url, exception })
  const received = b.recvSync() as { buffer: Buffer; url: URL; exception: DOMException }
  t.true(Buffer.isBuffer(received.buffer))
  t.is(received.buffer.toString(), 'carom')
  t.true(received.url instanceof URL)
  t.is(received.url.href, url.href)
  t.true(received.exception instanceof DOMException)
  const { name, message, code, stack } = received.exception
  t.deepEqual([name, message, code, stack], ['AbortError', 'it was aborted', 20, exception.stack])
})

test('a view arrives with its own bytes and no others, and the same view twice is one', (t) => {
  const [a, b] = pair(t)
  const memory = new ArrayBuffer(64)
  const words = new Uint16Array(memory, 8, 2)
  const bytes = new Uint8Array(memory, 8, 4)
  bytes.set([1, 2, 3, 4])
  a.sendSync([words, bytes, words, new DataView(memory, 9, 2), Buffer.from(memory, 10, 2)])
  const [w, x, again, view, buffer] = b.recvSync() as [Uint16Array, Uint8Array, Uint16Array, DataView, Buffer]
  t.deepEqual([...w], [0x201, 0x403])
  t.deepEqual([...x], [1, 2, 3, 4])
  t.is(again, w)
  t.not(w.buffer, x.buffer)
  t.is(view.getUint16(0), 0x203)
  t.deepEqual([...buffer], [3, 4])
  for (const each of [w, x, view, buffer]) t.is(each.buffer.byteLength, each.byteLength)
})

test('a resizable buffer arrives with its present length', (t) => {
  const [a, b] = pair(t)
  const Resizable = ArrayBuffer as unknown as new (
    size: number,
    options: object,
  ) => ArrayBuffer & { resize(size: number): void }
  const memory = new Resizable(4, { maxByteLength: 16 })
  const tracking = new Uint8Array(memory)
  memory.resize(8)
  tracking.fill(7)
  a.sendSync({ memory, tracking })
  const received = b.recvSync() as { memory: ArrayBuffer; tracking: Uint8Array }
  t.is(received.memory.byteLength, 8)
  t.deepEqual([...received.tracking], [7, 7, 7, 7, 7, 7, 7, 7])
})

const Float16Array = (globalThis as { Float16Array?: new (values: number[]) => ArrayBufferView & Iterable<number> })
  .Float16Array
;(Float16Array ? test : test.skip)('structured carries a Float16Array, where the runtime has it', (t) => {
  const [a, b] = pair(t)
  a.sendSync({ halves: new Float16Array!([1.5, -0.25]) })
  const { halves } = b.recvSync() as { halves: InstanceType<NonNullable<typeof Float16Array>> }
  t.true(halves instanceof Float16Array!)
  t.deepEqual([...halves], [1.5, -0.25])
})

test('errors keep name, message, stack, cause, errors, code and own fields that can be kept', (t) => {
  class HttpError extends RangeError {
    override name = 'HttpError'
    readonly status = 503
    readonly request = { retry: () => {}, url: '/x' }
    readonly headers = { 'retry-after': '5' }
  }
  const [a, b] = pair(t)
  const cause = new TypeError('underneath')
  const error = Object.assign(new HttpError('busy', { cause }), { code: 'E_BUSY' })
  const group = new AggregateError([error, 'text'], 'all of them')
  a.sendSync({ group, error })
  const received = b.recvSync() as { group: AggregateError; error: HttpError & { code: string } }
  t.true(received.group instanceof AggregateError)
  t.is(received.group.message, 'all of them')
  t.is(received.group.stack, group.stack)
  t.deepEqual(Object.keys(received.group), [])
  t.is(received.group.errors[0], received.error)
  t.is(received.group.errors[1], 'text')
  t.true(received.error instanceof RangeError)
  t.deepEqual(Object.keys(received.error), ['name', 'status', 'headers', 'code'])
  t.deepEqual(
    { ...received.error },
    { name: 'HttpError', status: 503, headers: { 'retry-after': '5' }, code: 'E_BUSY' },
  )
  t.is(received.error.message, 'busy')
  t.is(received.error.stack, error.stack)
  t.true(received.error.cause instanceof TypeError)
  t.is((received.error.cause as Error).message, 'underneath')
})

test('a property that is left out of an error leaves no trace in the message', (t) => {
  const [a, b] = pair(t)
  const common = { n: 1 }
  const error = Object.assign(new Error('e'), {
    bad: { shared: common, list: [{ first: 1 }], f() {} },
    good: { shared: common },
  })
  a.sendSync([error, common, { first: 2 }, error])
  const [one, other, last, again] = b.recvSync() as [Error & { good: unknown }, unknown, unknown, unknown]
  t.deepEqual(Object.keys(one), ['good'])
  t.deepEqual(one.good, { shared: { n: 1 } })
  t.is((one.good as { shared: unknown }).shared, other)
  t.deepEqual(last, { first: 2 })
  t.is(again, one)
})

test('a message of an error that is no text arrives as text', (t) => {
  const [a, b] = pair(t)
  for (const message of [42, { a: 1 }, null]) {
    a.sendSync(Object.assign(new Error('first'), { message }))
    t.is((b.recvSync() as Error).message, String(message))
  }
})

test('an error whose name comes from its class keeps it', (t) => {
  class Named extends Error {}
  Named.prototype.name = 'Named'
  const [a, b] = pair(t)
  a.sendSync(new Named('n'))
  const received = b.recvSync() as Error
  t.is(received.name, 'Named')
  t.deepEqual(Object.keys(received), [])
})

const MADE = `({ object: { a: [1, { b: 2 }] }, map: new Map([[1, { a: 1 }]]), set: new Set([1]), date: new Date(5), regexp: /a/g,
  error: new RangeError('m', { cause: 'c' }), bytes: new Uint8Array([1, 2]), memory: new Uint8Array([1]).buffer,
  view: new DataView(new ArrayBuffer(2)), boxed: Object(1), nothing: Object.create(null), rows: [{ x: 1 }, { x: 2 }] })`

test('a value of another realm arrives as one of this', (t) => {
  const [a, b] = pair(t)
  a.sendSync(vm.runInNewContext(MADE))
  const received = b.recvSync() as Record<string, unknown>
  const { error, ...rest } = received
  const { error: expected, ...others } = structuredClone(vm.runInThisContext(MADE)) as Record<string, unknown>
  t.true(isDeepStrictEqual(rest, others))
  t.true(error instanceof RangeError)
  t.is((error as Error).cause, (expected as Error).cause)
})

test('a getter that sends by the same connection disturbs nothing', (t) => {
  const [a, b] = pair(t)
  const value = {
    before: { x: 1 },
    get middle(): string {
      a.sendSync({ before: { x: 2 }, inner: true })
      return 'm'
    },
    after: { x: 3 },
  }
  a.sendSync(value)
  t.deepEqual(b.recvSync(), { before: { x: 2 }, inner: true })
  t.deepEqual(b.recvSync(), { before: { x: 1 }, middle: 'm', after: { x: 3 } })
})

test('getters that change the value while it is written have the effect that they have in structuredClone', (t) => {
  const [a, b] = pair(t)
  const shrinking = (): unknown => {
    const list: unknown[] = [
      1,
      {
        get x(): number {
          list.length = 3
          return 1
        },
      },
      'c',
      'd',
      'e',
    ]
    return list
  }
  const removing = (): unknown => {
    const object: Record<string, unknown> = {}
    Object.defineProperty(object, 'a', {
      enumerable: true,
      configurable: true,
      get: () => {
        delete object['b']
        object['d'] = 4
        return 1
      },
    })
    return Object.assign(object, { b: 2, c: 3 })
  }
  const growing = (): unknown => {
    const map = new Map<unknown, unknown>()
    return map
      .set('a', {
        get x(): number {
          map.set('later', 1)
          return 1
        },
      })
      .set('b', 2)
  }
  for (const make of [shrinking, removing, growing]) {
    // By then there is code for the shape.
    for (let n = 0; n < 40; n++) {
      a.sendSync([make(), n])
      t.deepEqual(b.recvSync(), [structuredClone(make()), n])
    }
  }
})

test('proxies of objects and arrays are read through', (t) => {
  const [a, b] = pair(t)
  a.sendSync([new Proxy({ a: 1, b: [1] }, {}), new Proxy([1, 2, {}], {}), new Proxy([1, 2, 3, 4, 5], {})])
  t.deepEqual(b.recvSync(), [{ a: 1, b: [1] }, [1, 2, {}], [1, 2, 3, 4, 5]])
})

test('structured keeps an invalid Date', (t) => {
  const [a, b] = pair(t)
  a.sendSync(new Date(NaN))
  const received = b.recvSync() as Date
  t.true(received instanceof Date)
  t.is(received.getTime(), NaN)
})

test('toJSON is not called', (t) => {
  const [a, b] = pair(t)
  a.sendSync(
    new (class {
      x = 1
      toJSON(): string {
        return 'JSON'
      }
    })(),
  )
  t.deepEqual(b.recvSync(), { x: 1 })
})

test('long memory costs no more than a copy of it, wherever it is', (t) => {
  const [a, b] = pair(t, { highWaterMark: Infinity })
  const objects = Array.from({ length: 40 }, (_, n) => ({ id: n }))
  const bytes = new Uint8Array(8 << 20)
  const effort = (act: () => unknown): number => {
    const before = process.cpuUsage()
    act()
    return process.cpuUsage(before).user
  }
  const took = effort(() => void a.send([objects, { bytes }, bytes, bytes.buffer]))
  // The work to compare with: listing the elements of one of them.
  const part = bytes.subarray(0, bytes.length / 32)
  const listing = 32 * effort(() => Object.keys(part))
  t.true(took < listing, `${took} µs, where to list the elements takes ${listing} µs`)
  t.is((b.recvSync() as [unknown, { bytes: Uint8Array }])[1].bytes.length, bytes.length)
})
