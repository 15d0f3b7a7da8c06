import v8 from 'node:v8'
import test from 'ava'
import { DecodeError, EncodeError, type Connection } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { pair, pairWithRawEnd, type PipeOptions } from './pairs.ts'
import { frame, readFrame, writeAll } from './wire.ts'

checkDescriptors(test)

type Codec = NonNullable<PipeOptions['codec']>

const reversedText: Codec = {
  encode(value: unknown): Uint8Array {
    if (typeof value !== 'string') throw new TypeError('only text')
    return Buffer.from(value).toReversed()
  },
  decode(bytes: Uint8Array): unknown {
    if (bytes.length === 0) throw new RangeError('no text')
    return Buffer.from(bytes.toReversed()).toString()
  },
}

test('json is JSON on the wire', async (t) => {
  const { connection, fd } = pairWithRawEnd(t, { codec: 'json' })
  await connection.send({ text: 'é', list: [1, null] })
  await connection.flush()
  t.is(readFrame(fd).toString(), '{"text":"é","list":[1,null]}')
  writeAll(fd, frame(' [true, "é"] '))
  t.deepEqual(await connection.recv(), [true, 'é'])
})

test('v8 is v8.serialize on the wire, with all that structured clone carries', async (t) => {
  const { connection, fd } = pairWithRawEnd(t, { codec: 'v8' })
  const value = { map: new Map([[1n, new Set([new Date(0)])]]), zero: -0, nothing: undefined, re: /a+/g }
  await connection.send(value)
  await connection.flush()
  t.deepEqual(v8.deserialize(readFrame(fd)), value)
  writeAll(fd, frame(v8.serialize(value)))
  t.deepEqual(await connection.recv(), value)
})

test('a codec of one’s own decides what is on the wire', async (t) => {
  const { connection, fd } = pairWithRawEnd(t, { codec: reversedText })
  await connection.send('carom')
  connection.sendSync('cue')
  await connection.flush()
  t.is(readFrame(fd).toString(), 'morac')
  t.is(readFrame(fd).toString(), 'euc')
  writeAll(fd, frame('llab'))
  t.is(await connection.recv(), 'ball')
})

test('bytes pass by the codec', async (t) => {
  const [a, b] = pair(t, { codec: reversedText })
  await a.sendBytes(Buffer.from('raw'))
  t.is((await b.recvBytes()).toString(), 'raw')
})

test('bytes that a custom decode keeps never change', async (t) => {
  const [a, b] = pair(t, { codec: { encode: (value) => value as Uint8Array, decode: (bytes) => bytes } })
  for (let n = 0; n < 200; n++) void a.send(Buffer.alloc(50, n))
  const kept: Uint8Array[] = []
  for (let n = 0; n < 200; n++) kept.push((await b.recv()) as Uint8Array)
  for (const [n, bytes] of kept.entries()) t.true(Buffer.alloc(50, n).equals(bytes), `message ${n}`)
})

test('a codec that returns the same buffer every time sends what was in it then', async (t) => {
  const scratch = Buffer.alloc(4)
  const [a, b] = pair(t, {
    codec: {
      encode(value) {
        scratch.writeInt32BE(value as number)
        return scratch
      },
      decode: (bytes) => Buffer.from(bytes).readInt32BE(),
    },
  })
  for (let n = 0; n < 100; n++) void a.send(n)
  for (let n = 0; n < 100; n++) t.is(await b.recv(), n)
})

const undecodable: [string, Codec, Uint8Array, unknown, Uint8Array][] = [
  ['structured', 'structured', Buffer.of(0xc1, 0xff), 1, Buffer.of(0xc1, 1)],
  ['structured that ends too early', 'structured', Buffer.of(0xc1, 0x45, 0x61), 'x', Buffer.of(0xc1, 0x41, 0x78)],
  ['an empty structured message', 'structured', Buffer.alloc(0), 1, Buffer.of(0xc1, 1)],
  ['msgpack', 'msgpack', Buffer.of(0xc1), 1, Buffer.of(1)],
  ['msgpack that ends too early', 'msgpack', Buffer.of(0xa5, 0x61), 'x', Buffer.of(0xa1, 0x78)],
  ['an empty msgpack message', 'msgpack', Buffer.alloc(0), 1, Buffer.of(1)],
  ['json', 'json', Buffer.from('{"a":'), [1], Buffer.from('[1]')],
  ['an empty json message', 'json', Buffer.alloc(0), [1], Buffer.from('[1]')],
  ['v8', 'v8', Buffer.from('garbage'), 5, v8.serialize(5)],
  ['pickle', 'pickle', Buffer.from('garbage'), 5, Buffer.from('I5\n.')],
  ['an empty pickle message', 'pickle', Buffer.alloc(0), null, Buffer.from('N.')],
  ['a custom codec', reversedText, Buffer.alloc(0), 'ok', Buffer.from('ko')],
]

const receives: [string, (end: Connection) => Promise<unknown>][] = [
  ['recv', (end) => end.recv()],
  ['recvSync', async (end) => end.recvSync()],
  ['tryRecv', async (end) => end.poll(Infinity).then(() => end.tryRecv())],
]

for (const [name, codec, bad, value, good] of undecodable) {
  for (const [call, receive] of receives) {
    test(`a message that ${name} cannot decode is a DecodeError of ${call} for that message alone`, async (t) => {
      const { connection, fd } = pairWithRawEnd(t, { codec })
      writeAll(fd, Buffer.concat([frame(good), frame(bad), frame(good), frame(bad), frame(good)]))
      for (let n = 0; n < 5; n++) {
        if (n % 2 === 0) {
          t.deepEqual(await receive(connection), value)
          continue
        }
        const error = (await t.throwsAsync(() => receive(connection), {
          instanceOf: DecodeError,
          name: 'DecodeError',
          code: 'ERR_CAROM_DECODE',
        })) as DecodeError
        t.true(error.cause instanceof Error)
        t.deepEqual(Buffer.from(error.data), Buffer.from(bad))
      }
    })
  }
}

test('a pending receive of an undecodable message rejects, and the ones behind it get theirs', async (t) => {
  const { connection, fd } = pairWithRawEnd(t, { codec: 'json' })
  const receiving = [connection.recv(), connection.recv(), connection.recv()]
  writeAll(fd, Buffer.concat([frame('1'), frame('nonsense'), frame('3')]))
  const outcomes = await Promise.allSettled(receiving)
  t.deepEqual(
    outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : outcome.reason.code)),
    [1, 'ERR_CAROM_DECODE', 3],
  )
})

const thrown = new Error('thrown by a getter')
const cycle: unknown[] = []
cycle.push(cycle)

const unencodable: [string, Codec, unknown][] = [
  ['structured: a symbol', 'structured', Symbol('no')],
  ['structured: a symbol inside', 'structured', { a: [1, Symbol('no')] }],
  ['structured: a function', 'structured', { f: () => {} }],
  ['msgpack: a symbol', 'msgpack', Symbol('no')],
  ['msgpack: a symbol inside', 'msgpack', { a: [1, Symbol('no')] }],
  ['json: a cycle', 'json', cycle],
  ['json: a bigint', 'json', { n: 1n }],
  ['json: undefined, which JSON has no text for', 'json', undefined],
  ['v8: a function', 'v8', { f: () => {} }],
  ['msgpack: a function', 'msgpack', { f: () => {} }],
  ['v8: a symbol', 'v8', Symbol('no')],
  ['pickle: a function inside', 'pickle', { f: () => {} }],
  ['a custom codec that throws', reversedText, 5],
  ['a custom codec that does not return bytes', { encode: () => 'text' as never, decode: () => 0 }, 5],
]

for (const [name, codec, value] of unencodable) {
  test(`a value that cannot be encoded is an EncodeError, and nothing is sent (${name})`, async (t) => {
    const [a, b] = pair(t, { codec })
    const expected = { instanceOf: EncodeError, name: 'EncodeError', code: 'ERR_CAROM_ENCODE' }
    await t.throwsAsync(() => a.send(value), expected)
    t.throws(() => a.sendSync(value), expected)
    t.is(a.stats.messagesSent, 0)
    await a.sendBytes(Buffer.from('the first that arrives'))
    t.is((await b.recvBytes()).toString(), 'the first that arrives')
  })
}

test('v8 refuses what would arrive as itself in a message of structured, and says where it is', (t) => {
  const [a, b] = pair(t, { codec: 'v8' })
  const [end] = pair(t)
  const circle: Record<string, unknown> = { map: new Map([['k', new Set([[1, { end }]])]]) }
  circle['self'] = circle
  for (const [value, place] of [
    [end, "encoded: a Connection can't go in a message of the codec 'v8'"],
    [circle, 'map.get("k").values()[0][1].end: a Connection'],
    [new Map([[end, 1]]), '.keys()[0]: a Connection'],
  ] as const) {
    const error = t.throws(() => a.sendSync(value), { instanceOf: EncodeError })
    t.true(error.message.includes(place.replace(/^\./, '')), error.message)
  }
  const value = { map: new Map([[{ k: 1 }, new Set([1])]]), bytes: new Uint8Array(100_000) }
  a.sendSync(value)
  t.deepEqual(b.recvSync(), value)
})

for (const codec of ['structured', 'msgpack', 'json', 'v8', 'pickle'] as const) {
  test(`${codec}: the EncodeError has what the value threw as its cause, and the next message is unharmed`, async (t) => {
    const [a, b] = pair(t, { codec })
    const value = {
      before: 'x'.repeat(1000),
      get bad(): never {
        throw thrown
      },
    }
    const error = await t.throwsAsync(() => a.send(value), { instanceOf: EncodeError })
    t.is(error?.cause, thrown)
    await a.send({ fine: true })
    t.deepEqual(await b.recv(), { fine: true })
  })
}
