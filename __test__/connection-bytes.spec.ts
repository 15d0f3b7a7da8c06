import { runInNewContext } from 'node:vm'
import { MessageChannel } from 'node:worker_threads'

import test from 'ava'
import { DirectionError, MessageTooLongError, type Connection } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { pair, pairWithRawEnd } from './pairs.ts'
import { frame, patterned, readExactly, writeAll } from './wire.ts'

checkDescriptors(test)

// Around the sizes at which a sender or a receiver may change its way: empty, header and body in one write, own memory.
const sizes = [0, 1, 3, 4, 5, 255, 4096, 16_383, 16_384, 16_385, 65_535, 65_536, 65_537, 262_144, 1_000_003]

for (const size of sizes) {
  test(`a message of ${size} bytes arrives equal`, async (t) => {
    const [a, b] = pair(t)
    const message = patterned(size)
    const sending = a.sendBytes(message)
    t.true(message.equals(await b.recvBytes()))
    await sending
  })
}

test('a message of 16 MiB arrives equal, and so does the small one after it', async (t) => {
  const [a, b] = pair(t)
  const message = patterned(16 * 1024 * 1024)
  const sending = Promise.all([a.sendBytes(message), a.sendBytes(Buffer.from('after'))])
  t.true(message.equals(await b.recvBytes()))
  t.is((await b.recvBytes()).toString(), 'after')
  await sending
})

test('messages of all sizes in a row arrive equal, in order and apart', async (t) => {
  const [a, b] = pair(t)
  const sending = Promise.all(sizes.map((size, n) => a.sendBytes(patterned(size, n))))
  for (const [n, size] of sizes.entries()) t.true(patterned(size, n).equals(await b.recvBytes()), `message ${n}`)
  await sending
})

test('handing one message to another thread takes nothing from those beside it', async (t) => {
  const [a, b] = pair(t)
  const { port1 } = new MessageChannel()
  for (const size of [200, 1500, 4000]) {
    const sent = Array.from({ length: 40 }, (_, n) => patterned(size, n))
    const sending = Promise.all(sent.map((message) => a.sendBytes(message)))
    const received: Buffer[] = []
    for (let n = 0; n < sent.length; n++) {
      const message = await b.recvBytes()
      received.push(Buffer.from(message))
      try {
        port1.postMessage(message, [message.buffer as ArrayBuffer])
      } catch {
        // Memory that others use is refused, or copied, by the version of Node.js.
      }
    }
    await sending
    t.deepEqual(received, sent, `${size} bytes`)
  }
  port1.close()
})

// Behind a long message, memory for another one like it is read into directly.
for (const [what, lengths] of Object.entries({
  'as long': [100_000, 100_000, 100_000, 100_000, 100_000],
  'a byte longer or shorter': [65_536, 65_537, 65_536, 65_535, 65_536],
  'half as long': [200_000, 100_001, 200_000, 100_000, 99_999],
  'much longer': [40_000, 1_000_000, 40_000, 3_000_000, 40_000],
  'many short ones': [900_000, ...Array.from({ length: 300 }, (_, n) => n * 7), 900_000, 0, 0, 900_000],
})) {
  test(`messages behind a long one arrive equal, apart and aligned: ${what}`, async (t) => {
    for (const draining of [false, true]) {
      const [a, b] = pair(t)
      const messages = lengths.map((length, n) => patterned(length, n))
      const received: Buffer[] = []
      // Once as they come, once all that the kernel has at a time.
      const sending = Promise.all(messages.map((message) => a.sendBytes(message)))
      while (received.length < messages.length) {
        received.push(await b.recvBytes())
        if (draining) for (let next; (next = b.tryRecvBytes());) received.push(next)
      }
      await sending
      for (const [n, message] of messages.entries()) {
        t.true(message.equals(received[n]!), `message ${n}`)
        if (message.length > 64 * 1024) t.is(received[n]!.byteOffset % 8, 0, `message ${n}`)
        // Writing to one received message changes no other.
        received[n]!.fill(0xff)
      }
    }
  })
}

test('a message is 4 bytes of big-endian length and its bytes', async (t) => {
  const { connection, fd } = pairWithRawEnd(t)
  await connection.sendBytes(Buffer.from('ping'))
  await connection.sendBytes(Buffer.alloc(0))
  await connection.flush()
  t.is(readExactly(fd, 12).toString('hex'), '0000000470696e6700000000')
})

test('a frame written by hand is a message', async (t) => {
  const { connection, fd } = pairWithRawEnd(t)
  writeAll(fd, Buffer.concat([frame('async'), frame(''), frame('sync')]))
  t.is((await connection.recvBytes()).toString(), 'async')
  t.is((await connection.recvBytes()).length, 0)
  t.is(connection.recvBytesSync().toString(), 'sync')
})

const alphabet = Buffer.from('abcdefghijklmnopqrstuvwxyz')

for (const [offset, size, expected] of [
  [0, undefined, 'abcdefghijklmnopqrstuvwxyz'],
  [7, undefined, 'hijklmnopqrstuvwxyz'],
  [7, 3, 'hij'],
  [26, undefined, ''],
  [26, 0, ''],
  [0, 26, 'abcdefghijklmnopqrstuvwxyz'],
  [4, 0, ''],
] as const) {
  test(`sendBytes with offset ${offset} and size ${size ?? 'none'} sends '${expected}'`, async (t) => {
    const [a, b] = pair(t)
    await a.sendBytes(alphabet, offset, size)
    a.sendBytesSync(alphabet, offset, size)
    t.is((await b.recvBytes()).toString(), expected)
    t.is(b.recvBytesSync().toString(), expected)
  })
}

test('any view and any ArrayBuffer can be sent; offsets and sizes count bytes', async (t) => {
  const [a, b] = pair(t)
  const floats = Float64Array.of(1.5, 2.5, 3.5)
  const bytes = Buffer.from(floats.buffer)
  const view = new DataView(floats.buffer, 8, 8)
  await a.sendBytes(floats)
  await a.sendBytes(floats, 8, 8)
  await a.sendBytes(floats.buffer)
  await a.sendBytes(floats.buffer, 16)
  await a.sendBytes(view)
  t.deepEqual(await b.recvBytes(), bytes)
  t.deepEqual(await b.recvBytes(), bytes.subarray(8, 16))
  t.deepEqual(await b.recvBytes(), bytes)
  t.deepEqual(await b.recvBytes(), bytes.subarray(16))
  t.deepEqual(await b.recvBytes(), bytes.subarray(8, 16))
})

test('the caller owns the Buffer of recvBytes: nothing that arrives later changes it', async (t) => {
  const [a, b] = pair(t)
  const count = 500
  const sizeOf = (n: number): number => (n * 37) % 3000
  const sending = Promise.all(Array.from({ length: count }, (_, n) => a.sendBytes(patterned(sizeOf(n), n))))
  const kept: Buffer[] = []
  for (let n = 0; n < count; n++) kept.push(n % 2 === 0 ? await b.recvBytes() : b.recvBytesSync())
  await sending
  for (const [n, message] of kept.entries()) t.true(message.equals(patterned(sizeOf(n), n)), `message ${n}`)
})

test('writing into a received message changes no other message', async (t) => {
  const [a, b] = pair(t)
  for (const text of ['one', 'two', 'three']) await a.sendBytes(Buffer.from(text))
  const first = await b.recvBytes()
  first.fill(0xff)
  t.is((await b.recvBytes()).toString(), 'two')
  t.is((await b.recvBytes()).toString(), 'three')
})

test('a message of exactly maxLength bytes is received', async (t) => {
  const [a, b] = pair(t)
  for (const text of ['12345', '']) await a.sendBytes(Buffer.from(text))
  t.is((await b.recvBytes(5)).toString(), '12345')
  t.is((await b.recvBytes(0)).length, 0)
})

for (const [name, receive] of [
  ['recvBytes', (end: Connection) => end.recvBytes(4)],
  ['recvBytesSync', async (end: Connection) => end.recvBytesSync(4)],
] as const) {
  test(`${name} of a message over maxLength ends the receiving, and only that`, async (t) => {
    const [a, b] = pair(t)
    await a.sendBytes(Buffer.from('12345'))
    await t.throwsAsync(() => receive(b), { instanceOf: MessageTooLongError, code: 'ERR_CAROM_MESSAGE_TOO_LONG' })
    t.like(b, { readable: false, writable: true, closed: false })
    await t.throwsAsync(() => b.recvBytes(), { instanceOf: DirectionError })
    t.throws(() => b.recvSync(), { instanceOf: DirectionError })
    t.throws(() => b.pollSync(), { instanceOf: DirectionError })
    await b.send('still sends')
    t.is(await a.recv(), 'still sends')
  })

  test(`${name} of a message over maxLength closes an end that only receives`, async (t) => {
    const [receiver, sender] = pair(t, { duplex: false })
    await sender.sendBytes(Buffer.from('12345'))
    await t.throwsAsync(() => receive(receiver), { instanceOf: MessageTooLongError })
    t.true(receiver.closed)
    await t.throwsAsync(() => receiver.recvBytes(), { code: 'ERR_CAROM_CONNECTION_CLOSED' })
  })
}

test('a message over maxLength in the buffer is refused as one in the kernel is', async (t) => {
  const [a, b] = pair(t)
  for (const text of ['1', '12345']) await a.sendBytes(Buffer.from(text))
  t.is((await b.recvBytes(4)).toString(), '1')
  await t.throwsAsync(() => b.recvBytes(4), { instanceOf: MessageTooLongError })
})

test('maxMessageSize bounds what is received', async (t) => {
  const { connection, fd } = pairWithRawEnd(t, { maxMessageSize: 1000 })
  writeAll(fd, Buffer.concat([frame(patterned(1000)), frame(patterned(1001))]))
  t.is((await connection.recvBytes()).length, 1000)
  await t.throwsAsync(() => connection.recv(), { instanceOf: MessageTooLongError })
})

test('memory of another realm is sent like memory of this one', async (t) => {
  const [a, b] = pair(t)
  for (const source of [
    'new Uint8Array([1, 2, 3]).buffer',
    'new Uint8Array([1, 2, 3])',
    'new DataView(new Uint8Array([1, 2, 3]).buffer)',
  ]) {
    await a.sendBytes(runInNewContext(source) as ArrayBuffer)
    t.deepEqual([...(await b.recvBytes())], [1, 2, 3])
  }
})
