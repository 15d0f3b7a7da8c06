import test from 'ava'
import { checkDescriptors } from './descriptors.ts'
import { pair, pairWithRawEnd } from './pairs.ts'
import { frame, writeAll } from './wire.ts'

checkDescriptors(test)

const circular: Record<string, unknown> = { name: 'circle' }
circular['self'] = circular
circular['list'] = [circular, { up: circular }]

const shared = { shared: true }

// The structured-clone types, which the default codec carries.
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
  ['nesting a hundred deep', Array.from({ length: 100 }).reduce((inner) => ({ inner }), null)],
]

for (const [name, value] of values) {
  test(`msgpack carries ${name}`, async (t) => {
    const [a, b] = pair(t)
    const sending = a.send(value)
    t.deepEqual(await b.recv(), value)
    await sending
  })
}

test('minus zero arrives as zero in msgpack, as it does in JSON', async (t) => {
  const [a, b] = pair(t)
  await a.send([-0])
  const [zero] = (await b.recv()) as [number]
  t.true(Object.is(zero, 0))
})

test('msgpack carries cycles', async (t) => {
  const [a, b] = pair(t)
  await a.send(circular)
  const received = (await b.recv()) as typeof circular
  const [first, second] = received['list'] as [unknown, { up: unknown }]
  t.is(received['name'], 'circle')
  t.is(received['self'], received)
  t.is(first, received)
  t.is(second.up, received)
})

test('msgpack keeps it one object when it occurs twice', async (t) => {
  const [a, b] = pair(t)
  await a.send([shared, shared])
  const [one, two] = (await b.recv()) as [unknown, unknown]
  t.deepEqual(one, shared)
  t.is(one, two)
})

for (const [what, twice] of Object.entries({ object: shared, array: [1], view: Uint8Array.of(1), map: new Map() })) {
  test(`msgpack keeps it one ${what} wherever it occurs twice, among few objects and among many`, async (t) => {
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
  test(`msgpack carries a ${Type.name}`, async (t) => {
    const [a, b] = pair(t)
    await a.send({ failure: new Type('what went wrong') })
    const { failure } = (await b.recv()) as { failure: Error }
    t.true(failure instanceof Type)
    t.is(failure.name, Type.name)
    t.is(failure.message, 'what went wrong')
  })
}

test('msgpack carries many messages of the same and of different shapes on one connection', async (t) => {
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
  t.is(received['x'], 1)
  t.is(Object.getPrototypeOf(received), Object.prototype)
  t.is(received['polluted'], undefined)
  t.is(({} as Record<string, unknown>)['polluted'], undefined)
})

test('a __proto__ key of a hostile peer changes no prototype', async (t) => {
  const { connection, fd } = pairWithRawEnd(t)
  const text = (s: string): number[] => [0xa0 | s.length, ...Buffer.from(s)]
  // { __proto__: { polluted: true } } in plain MessagePack, as a map.
  writeAll(fd, frame(Buffer.from([0x81, ...text('__proto__'), 0x81, ...text('polluted'), 0xc3])))
  const received = (await connection.recv()) as Record<string, unknown>
  t.is(Object.getPrototypeOf(received), Object.prototype)
  t.is(received['polluted'], undefined)
  t.is(({} as Record<string, unknown>)['polluted'], undefined)
})

test('plain MessagePack of another implementation is understood', async (t) => {
  const { connection, fd } = pairWithRawEnd(t)
  // {"compact": true, "schema": 0}, the example on msgpack.org.
  const bytes = Buffer.from('82a7636f6d70616374c3a6736368656d6100', 'hex')
  writeAll(fd, frame(bytes))
  t.deepEqual(await connection.recv(), { compact: true, schema: 0 })
})
