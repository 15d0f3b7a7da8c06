import { execFileSync } from 'node:child_process'
import test from 'ava'
import { type Connection, DecodeError, EncodeError } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { pair, pairWithRawEnd } from './pairs.ts'
import { frame, writeAll } from './wire.ts'

checkDescriptors(test)

const SIZE = 256 * 1024

const bytes = (...parts: (number | string | Uint8Array)[]): Buffer =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part as string, 'latin1'))),
  )

function count(value: number): Buffer {
  const seven: number[] = []
  for (; value > 127; value = Math.floor(value / 128)) seven.push((value % 128) | 128)
  return Buffer.from([...seven, value])
}

const text = (value: string): Buffer =>
  bytes(value.length < 64 ? 0x40 + value.length : bytes(0xce, count(value.length)), value)

/** An array of as many of these values as make a message of `SIZE`. */
function many(value: Buffer | ((n: number) => Buffer)): Buffer {
  const make = typeof value === 'function' ? value : () => value
  const values: Buffer[] = []
  for (let size = 0; size < SIZE; size += values.at(-1)!.length) values.push(make(values.length))
  return Buffer.concat([bytes(0xc1, 0xd3, count(values.length)), ...values])
}

const shape = (n: number): Buffer => bytes(0xd0, 6, 1, 8, n.toString(36).padStart(4, '0'), 1)

/** The messages that cost the reader most per byte, one of each kind. */
const worst: [string, Buffer][] = [
  ['empty arrays', many(bytes(0xb0))],
  ['empty objects', many(bytes(0xd0, 1, 0))],
  ['ever new shapes', many(shape)],
  ['the most of shapes that have code, and of their successors', many((n) => shape(Math.floor(n / 20)))],
  [
    'references to a shape of 64 names that have no values',
    bytes(
      0xc1,
      0xd0,
      129,
      64,
      ...Array.from({ length: 64 }, () => bytes(2, 'a')),
      0xd3,
      count(SIZE),
      Buffer.alloc(SIZE, 0x80),
    ),
  ],
  ['errors', many(bytes(0xe1, 7, 0, 0))],
  ['DOMExceptions', many(bytes(0xe4, 0x40, 0x40, 0xc4))],
  ['URLs', many(bytes(0xe3, text('a:')))],
  [
    'hosts that are decoded in the square of their length',
    bytes(0xc1, 0xe3, text(`http://xn--${'a'.repeat(SIZE / 2)}-${'b'.repeat(SIZE / 2)}`)),
  ],
  ['patterns that name sets of characters', many(bytes(0xdd, text('\\p{RGI_Emoji}'), text('v')))],
  ['patterns that ignore case in all of Unicode', many((n) => bytes(0xdd, text(`\\w${n}`), text('iu')))],
  ['views of nothing', many(bytes(0xe0, 2, 0))],
  ['Maps', many(bytes(0xda, 0))],
  ['sparse arrays', many(bytes(0xd4, count(30_000_000), 0))],
  ['sparse arrays that are nearly dense', many(bytes(0xd4, 16, 1, 0, 1))],
  ['sparse arrays with an element at the end', many(bytes(0xd4, count(4e9), 1, count(3.9e9), 1))],
  ['properties that are absent', many(bytes(0xd0, 3, 1, 2, 'a', 0xc5))],
  ['arrays in arrays', many(bytes(Buffer.alloc(998, 0xb1), 1))],
  [
    'big integers of which only the highest bits differ',
    bytes(
      0xc1,
      0xdb,
      count(SIZE / 16),
      ...Array.from({ length: SIZE / 16 }, (_, n) => bytes(0xcd, 0, 13, count(n + 2 ** 22), Buffer.alloc(9))),
    ),
  ],
  ['whole numbers with the same hash', bytes(0xc1, 0xdb, count(4000), ...colliding(4000))],
  [
    'texts with the same bytes where a short table looks',
    many((n) => text(`axxxxxxxx${n.toString(36).padStart(4, '0')}xxxxxxxxxzz`)),
  ],
]

/** Numbers with the same place in a table of V8's. */
function colliding(size: number): Buffer[] {
  const found: Buffer[] = []
  for (let n = 1; found.length < size; n++) {
    let hash = (~n + (n << 15)) >>> 0
    hash = (hash ^ (hash >>> 12)) >>> 0
    hash = (hash + (hash << 2)) >>> 0
    hash = (hash ^ (hash >>> 4)) >>> 0
    hash = Math.imul(hash, 2057) >>> 0
    if (((hash ^ (hash >>> 16)) & 0x7ff) !== 1) continue
    const four = Buffer.alloc(4)
    four.writeInt32LE(n)
    found.push(bytes(0xca, four))
  }
  return found
}

/** The processor's time for a message, in µs: the least of some attempts. */
function effort(a: Connection, b: Connection, message: Buffer): number {
  let least = Infinity
  for (let n = 0; n < 3; n++) {
    void a.sendBytes(message).catch(() => {})
    while (!b.pollSync(0)) b.pollSync(10)
    const { user, system } = process.cpuUsage()
    try {
      b.recvSync()
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
    }
    const after = process.cpuUsage()
    least = Math.min(least, after.user + after.system - user - system)
  }
  return least
}

for (const [what, message] of worst) {
  test.serial(`time and memory are in proportion to the message: ${what}`, (t) => {
    const [a, b] = pair(t, { highWaterMark: Infinity })
    // Objects of two properties: the cost of the same number of bytes in ordinary messages.
    const ordinary = effort(a, b, many(bytes(0xd2, 2, text('a'), 1, text('b'), text('c'))))
    const before = process.memoryUsage.rss()
    const took = effort(a, b, message)
    t.true(took < 100 * Math.max(ordinary, 3000), `${took} µs, where an ordinary message takes ${ordinary} µs`)
    t.true(process.memoryUsage.rss() - before < 256 * 2 ** 20)
  })
}

test('an absent property is removed, whatever is absent in the values behind it', (t) => {
  const [a, b] = pair(t)
  // { a: absent, b: … }
  const object = bytes(0xc1, 0xd0, 5, 2, 2, 'a', 2, 'b', 0xc5)
  const values: [Buffer, unknown][] = [
    [bytes(0xb1, 0xc5), Object.assign([], { length: 1 })],
    [bytes(0xd4, 9, 1, 3, 0xc5), Object.assign([], { length: 9 })],
    [bytes(0xd2, 1, 0x41, 'x', 0xc5), {}],
    [bytes(0xd9, 0xb0, 1, 0x41, 'x', 0xc5), []],
    [bytes(0xd0, 3, 1, 2, 'x', 0xc5), {}],
  ]
  // More often than it takes to make code for the shape.
  for (let n = 0; n < 20; n++) {
    for (const [value, expected] of values) {
      a.sendBytesSync(Buffer.concat([object, value]))
      t.deepEqual(b.recvSync(), { b: expected })
    }
  }
})

test('properties beside the elements of an array are neither its elements nor those of another object', (t) => {
  const [a, b] = pair(t)
  for (const message of [
    bytes(0xc1, 0xd9, 0xb0, 1, 0x41, '1', 0xc0),
    bytes(0xc1, 0xd9, 0xb0, 1, 0x46, 'length', 9),
    bytes(0xc1, 0xd9, 0xd2, 0, 0),
    bytes(0xc1, 0xd9, 0xd9, 0xb0, 0, 0),
    bytes(0xc1, 0xd9),
    bytes(0xc1, 0xe7, 0xb2, 0xb0, 0xd9, 0xe6, 1, 0),
    bytes(0xc1, Buffer.alloc(100_000, 0xd9), 0xb0),
  ]) {
    a.sendBytesSync(message)
    t.throws(() => b.recvSync(), { instanceOf: DecodeError })
  }
})

test('whole numbers with the same hash are refused at the sender too', (t) => {
  const [a] = pair(t)
  const keys = colliding(4000).map((each) => each.readInt32LE(1))
  t.throws(() => a.sendSync(new Set(keys)), { instanceOf: EncodeError, message: /same hash/ })
  t.throws(() => a.sendSync(new Map(keys.map((key) => [key, key]))), { instanceOf: EncodeError, message: /same hash/ })
})

test('large collections of ordinary keys are not taken for an attack', (t) => {
  const [a, b] = pair(t, { highWaterMark: Infinity })
  const size = 20_000
  for (const key of [
    (n: number) => n,
    (n: number) => -n * 1024,
    (n: number) => n * 0.1,
    (n: number) => 1.7e12 + n * 1000,
    (n: number) => `${n}`,
    (n: number) => BigInt(n) << 20n,
    (n: number) => BigInt(n) * 0x1_0000_0000_0000_0001n,
  ]) {
    void a.send(new Set(Array.from({ length: size }, (_, n) => key(n))))
    t.is((b.recvSync() as Set<unknown>).size, size)
  }
})

test('no byte beside a message is seen, wherever it ends', (t) => {
  const { connection, fd } = pairWithRawEnd(t)
  const [a, b] = pair(t)
  const value = {
    text: 'short',
    long: 'l'.repeat(80),
    wide: '漢字',
    wideLong: '漢'.repeat(70),
    buffer: Buffer.from('b'),
    bytes: Uint8Array.of(1),
    memory: new ArrayBuffer(2),
    view: new DataView(new ArrayBuffer(1)),
    big: 2n ** 90n,
    numbers: [1, 2, 3, 4, 5000],
    doubles: [1.5, 2, 3, 4],
    map: new Map([['k', 1.5]]),
    error: new Error('e'),
    rows: [{ a: 1 }, { a: 2 }],
    at: new Date(0),
    url: new URL('a:b'),
    pattern: /p/g,
  }
  a.sendSync(value)
  const message = b.recvBytesSync()
  const secret = frame(bytes(0xc1, text('SECRET'.repeat(30))))
  for (let size = 0; size < message.length; size++) {
    // All in one piece, and so in one memory.
    writeAll(fd, Buffer.concat([secret, frame(message.subarray(0, size)), secret]))
    connection.recvSync()
    const error = t.throws(() => connection.recvSync(), { instanceOf: DecodeError })
    t.notRegex(`${error.message} ${error.data.toString('latin1')} ${String(error.cause)}`, /SECRET/)
    connection.recvSync()
  }
  for (let at = 1; at < message.length; at++) {
    for (const changed of [0xff, 0x7f, message[at]! + 1]) {
      const forged = Buffer.from(message)
      forged[at] = changed
      writeAll(fd, Buffer.concat([secret, frame(forged), secret]))
      connection.recvSync()
      try {
        t.notRegex(everything(connection.recvSync()), /SECRET/)
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error
      }
      connection.recvSync()
    }
  }
})

/** All text and memory that can be reached from a value. */
function everything(value: unknown): string {
  const met = new Set<unknown>()
  const found: string[] = []
  const todo = [value]
  while (todo.length > 0) {
    const next = todo.pop()
    if (typeof next === 'string') found.push(next)
    if (typeof next !== 'object' || next === null || met.has(next)) continue
    met.add(next)
    if (ArrayBuffer.isView(next)) found.push(Buffer.from(next.buffer).toString('latin1'))
    else if (next instanceof ArrayBuffer) found.push(Buffer.from(next).toString('latin1'))
    else if (next instanceof Map) todo.push(...[...next].flat())
    else for (const name of Object.getOwnPropertyNames(next)) todo.push(name, (next as Record<string, unknown>)[name])
  }
  return found.join(' ')
}

test('a long Buffer shares memory with no other message', (t) => {
  const [a, b] = pair(t, { highWaterMark: Infinity })
  for (const size of [100, 20_000, 100_000, 1 << 20, 1 << 20]) {
    void a.send({ data: Buffer.alloc(size, 7), text: 'SECRET' })
    const { data } = b.recvSync() as { data: Buffer }
    t.true(data.equals(Buffer.alloc(size, 7)))
    const { buffer } = data
    t.true(buffer.byteLength === size || buffer.byteLength < size + 64, `${buffer.byteLength} for ${size}`)
  }
})

test('a peer with ever new shapes takes nothing from another one', (t) => {
  const [a, b] = pair(t)
  const [c, d] = pair(t, { highWaterMark: Infinity })
  const rows = Array.from({ length: 100 }, (_, n) => ({ id: n, name: `row ${n}` }))
  for (let round = 0; round < 5; round++) {
    a.sendSync(rows)
    t.deepEqual(b.recvSync(), rows)
    for (let n = 0; n < 50; n++) {
      c.sendSync(Array.from({ length: 40 * 20 }, (_, m) => ({ [`${round} ${n} ${m % 40}`]: m, id: 1 })))
      t.is((d.recvSync() as unknown[]).length, 800)
    }
  }
})

test('bytes of another codec are recognized, and the error says which codec to set', async (t) => {
  const samples: [string, Buffer, RegExp][] = [
    ['a handshake', Buffer.from('#CHALLENGE#{sha256}0123456789'), /handshake.*authkey/],
    ['JSON', Buffer.from('{"a": [1]}'), /set codec: 'json'/],
    ['a pickle', Buffer.from('80049502000000000000004b052e', 'hex'), /pickle.*set codec: 'pickle'/],
    ['a pickle of Python 2', Buffer.from('(lp0\nI1\na.'), /set codec: 'pickle'/],
    ['MessagePack', Buffer.from('82a7636f6d70616374c3a6736368656d6100', 'hex'), /set codec: 'msgpack'/],
    ['V8', Buffer.from('ff0f6f220161490a7b01', 'hex'), /set codec: 'v8'/],
  ]
  for (const [what, message, expected] of samples) {
    const [a, b] = pair(t)
    await a.sendBytes(message)
    await t.throwsAsync(() => b.recv(), { instanceOf: DecodeError, message: expected }, what)
  }
  for (const codec of ['json', 'msgpack', 'pickle', 'v8'] as const) {
    const { connection, fd } = pairWithRawEnd(t, { codec })
    writeAll(fd, frame(Buffer.from('c1d00301026101', 'hex')))
    await t.throwsAsync(() => connection.recv(), { instanceOf: DecodeError, message: /set codec: 'structured'/ }, codec)
  }
})

test('it works where a program forbids to generate code', (t) => {
  const program = `
    import { pipe } from ${JSON.stringify(import.meta.resolve('carom'))}
    const [a, b] = pipe()
    for (let n = 0; n < 100; n++) {
      a.sendSync({ id: n, rows: [{ x: 1, __proto__: null }, { x: 2 }] })
      const { id, rows } = b.recvSync()
      if (id !== n || rows[1].x !== 2) throw new Error('not as it was sent')
    }
    try { new Function('') } catch { console.log('forbidden') }
    a.close(); b.close()`
  const args = ['--disallow-code-generation-from-strings', '--input-type=module', '--eval', program]
  t.is(
    execFileSync(process.execPath, args, { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } }),
    'forbidden\n',
  )
})

test('a frozen Object.prototype, or a changed one, changes nothing', (t) => {
  const program = `
    import { pipe } from ${JSON.stringify(import.meta.resolve('carom'))}
    const [a, b] = pipe()
    Object.prototype.inherited = 1
    Object.defineProperty(Object.prototype, 'trap', { set() { throw new Error('called') }, get() { return 'inherited' }, configurable: true })
    for (let n = 0; n < 60; n++) {
      a.sendSync([{ own: n }, { trap: n, toString: 1 }])
      const [one, other] = b.recvSync()
      if (Object.keys(one).join() !== 'own' || other.trap !== n || other.toString !== 1) throw new Error('not as it was sent')
      if (n === 30) { delete Object.prototype.inherited; Object.freeze(Object.prototype) }
    }
    a.close(); b.close()`
  t.notThrows(() =>
    execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
      env: { ...process.env, NODE_OPTIONS: '' },
    }),
  )
})
