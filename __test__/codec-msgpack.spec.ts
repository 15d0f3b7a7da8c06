import test from 'ava'
import { decode as decodeThere, encode as encodeThere } from '@msgpack/msgpack'
import * as fc from 'fast-check'
import { type Connection, DecodeError, EncodeError } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { pair, pairWithRawEnd } from './pairs.ts'
import { frame, readFrame, writeAll } from './wire.ts'

checkDescriptors(test)

const msgpack = { codec: 'msgpack' } as const

const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, true, false, -0, NaN, Infinity),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double(),
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.date({ noInvalidDate: true }),
    fc.array(tie('tree'), { maxLength: 20 }),
    fc.dictionary(fc.string({ unit: 'grapheme' }), tie('tree'), { maxKeys: 20, noNullPrototype: true }),
  ),
}))

test('a value that MessagePack has a form for arrives as it was', (t) => {
  const [a, b] = pair(t, msgpack)
  fc.assert(
    fc.property(tree, (value) => {
      a.sendSync({ value })
      t.deepEqual(b.recvSync(), { value })
    }),
    { numRuns: 300 },
  )
})

test('any reader of MessagePack understands what is sent, and any writer is understood', (t) => {
  const [a, b] = pair(t, msgpack)
  const value = {
    compact: true,
    schema: 0,
    list: [1, -1, 2 ** 40, 1.5, 'é漢'],
    bytes: Uint8Array.of(1, 2),
    at: new Date(1.7e12 + 1),
  }
  a.sendSync(value)
  t.deepEqual(decodeThere(Uint8Array.from(b.recvBytesSync())), value)
  a.sendBytesSync(encodeThere(value))
  t.deepEqual(b.recvSync(), { ...value, bytes: Buffer.of(1, 2) })
})

test('plain MessagePack is on the wire', async (t) => {
  const { connection, fd } = pairWithRawEnd(t, msgpack)
  await connection.send({ compact: true, schema: 0 })
  await connection.flush()
  // The example on msgpack.org.
  const bytes = Buffer.from('82a7636f6d70616374c3a6736368656d6100', 'hex')
  t.deepEqual(readFrame(fd), bytes)
  writeAll(fd, frame(bytes))
  t.deepEqual(await connection.recv(), { compact: true, schema: 0 })
})

test('a bigint goes in 64 bits, and arrives as a number where that is exact', (t) => {
  const [a, b] = pair(t, msgpack)
  a.sendSync([5n, -5n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 64n - 1n, -(2n ** 63n)])
  t.deepEqual(b.recvSync(), [5, -5, 2 ** 53 - 1, 2n ** 53n, 2n ** 64n - 1n, -(2n ** 63n)])
  a.sendSync(5n)
  t.is(b.recvBytesSync().toString('hex'), 'cf0000000000000005')
})

test('whole numbers of up to 53 bits go as integers', (t) => {
  const [a, b] = pair(t, msgpack)
  a.sendSync([2 ** 32, -(2 ** 40)])
  t.is(b.recvBytesSync().toString('hex'), '92cf0000000100000000d3ffffff0000000000')
})

test('a Date is a timestamp', (t) => {
  const [a, b] = pair(t, msgpack)
  const dates = [new Date(0), new Date(-1), new Date(1.7e12 + 7), new Date(-8.64e15), new Date(8.64e15)]
  a.sendSync(dates)
  t.deepEqual(b.recvSync(), dates)
  a.sendSync(new Date(1000))
  t.is(b.recvBytesSync().toString('hex'), 'd6ff00000001')
})

test('a Map with text or number keys is a map, which is read as an object', (t) => {
  const [a, b] = pair(t, msgpack)
  const map = new Map<unknown, unknown>([
    ['a', 1],
    [2, new Map([['b', null]])],
  ])
  a.sendSync(map)
  t.is(b.recvBytesSync().toString('hex'), '82a161010281a162c0')
  a.sendSync(map)
  t.deepEqual(b.recvSync(), { a: 1, 2: { b: null } })
})

const circle: unknown[] = []
circle.push({ circle })
const gone = new Uint8Array(8)
structuredClone(gone, { transfer: [gone.buffer] })
let deep: unknown = 1
for (let n = 0; n < 1001; n++) deep = [deep]

const refused: [string, (t: Connection) => unknown, RegExp][] = [
  ['undefined', () => undefined, /undefined has no form/],
  // oxlint-disable-next-line no-sparse-arrays -- they are what is tested
  ['a hole', () => [1, , 2], /undefined has no form/],
  ['a function', () => () => {}, /a function has no form/],
  ['a symbol', () => Symbol('s'), /a symbol has no form/],
  ['a Set', () => new Set(), /a Set has no form/],
  ['a RegExp', () => /x/, /a RegExp has no form/],
  ['an Error', () => new Error('e'), /an Error has no form/],
  [
    'a proxy of an error with fields',
    () => new Proxy(Object.assign(new Error('e'), { code: 'E' }), {}),
    /a proxy of an Error/,
  ],
  ['a proxy of a Buffer', () => new Proxy(Buffer.from('ab'), {}), /a proxy of a typed array/],
  ['a promise', () => Promise.resolve(), /a Promise has no form/],
  ['a typed array of more than bytes', () => Float64Array.of(1), /a Float64Array has no form/],
  ['an ArrayBuffer', () => new ArrayBuffer(2), /an ArrayBuffer has no form/],
  ['a bigint of 65 bits', () => 2n ** 64n, /more than 64 bits/],
  ['a bigint below 64 bits', () => -(2n ** 63n) - 1n, /more than 64 bits/],
  ['an invalid Date', () => new Date(NaN), /an invalid Date/],
  ['a lone surrogate', () => '\ud800', /lone surrogate/],
  ['a name with a lone surrogate', () => ({ '\ud800': 1 }), /lone surrogate/],
  ['a Map with objects for keys', () => new Map([[{}, 1]]), /keys than texts and numbers/],
  ['a boxed primitive', () => Object(1), /a Number has no form/],
  ['a view of detached memory', () => gone, /memory that is no longer here can't be sent/],
  ['a cycle', () => circle, /a cycle has no form/],
  ['arrays too deep', () => deep, /deeper than 1000/],
  ['a connection', (connection) => connection, /a Connection has no form/],
]

for (const [what, make, message] of refused) {
  test(`${what} has no form in MessagePack, and is refused at its place`, (t) => {
    const [a, b] = pair(t, msgpack)
    const expected = { instanceOf: EncodeError, message }
    t.throws(() => a.sendSync(make(b)), expected)
    t.regex(t.throws(() => a.sendSync({ list: [0, make(b)] }), expected).message, /list\[/)
    a.sendSync('next')
    t.is(b.recvSync(), 'next')
  })
}

test('an error that a getter throws is reported with the place of its object', (t) => {
  const [a] = pair(t, { codec: 'msgpack' })
  const thrown = new RangeError('thrown there')
  const value = {
    list: [
      {
        get x(): never {
          throw thrown
        },
      },
    ],
  }
  const error = t.throws(() => a.sendSync(value), { instanceOf: EncodeError, message: /list\[0\]: thrown there/ })
  t.is(error.cause, thrown)
})

test('an unknown extension is a DecodeError, and so is a timestamp that is no date', async (t) => {
  const { connection, fd } = pairWithRawEnd(t, msgpack)
  for (const hex of ['d40100', 'c70042', '91d6620000000a', 'c70cff000000007fffffffffffffff']) {
    writeAll(fd, frame(Buffer.from(hex, 'hex')))
    await t.throwsAsync(() => connection.recv(), { instanceOf: DecodeError }, hex)
  }
})

test('a received Buffer has memory of its own', (t) => {
  const [a, b] = pair(t, msgpack)
  for (const size of [0, 3, 100, 100_000]) void a.send({ bytes: Buffer.alloc(size, 7), after: 'secret' })
  for (const size of [0, 3, 100, 100_000]) {
    const { bytes } = b.recvSync() as { bytes: Buffer }
    t.true(Buffer.isBuffer(bytes))
    t.deepEqual(bytes, Buffer.alloc(size, 7))
    t.is(bytes.buffer.byteLength, size)
  }
})

test('a __proto__ key of a hostile peer is a property like any other', async (t) => {
  const { connection, fd } = pairWithRawEnd(t, msgpack)
  const text = (s: string): number[] => [0xa0 | s.length, ...Buffer.from(s)]
  // [{ a: 1, __proto__: { polluted: true }, b: 2 }]
  writeAll(
    fd,
    frame(
      Buffer.from([
        0x91,
        0x83,
        ...text('a'),
        1,
        ...text('__proto__'),
        0x81,
        ...text('polluted'),
        0xc3,
        ...text('b'),
        2,
      ]),
    ),
  )
  const [received] = (await connection.recv()) as [Record<string, unknown>]
  t.is(Object.getPrototypeOf(received), Object.prototype)
  t.deepEqual(Object.keys(received), ['a', '__proto__', 'b'])
  t.is(received['polluted'], undefined)
  t.is(({} as Record<string, unknown>)['polluted'], undefined)
})
