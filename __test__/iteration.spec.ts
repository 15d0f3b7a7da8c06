import test from 'ava'
import { DecodeError, ProtocolError } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { pair, pairWithRawEnd } from './pairs.ts'
import { frame, patterned, writeAll } from './wire.ts'

checkDescriptors(test)

test('iteration gives every message until the end, and then is over', async (t) => {
  const [a, b] = pair(t)
  const sent = Array.from({ length: 5000 }, (_, n) => ({ n }))
  const sending = (async () => {
    for (const value of sent) await a.send(value)
    await a.close()
  })()
  const received = []
  for await (const value of b) received.push(value)
  t.deepEqual(received, sent)
  await sending
})

test('bytes() gives every raw message until the end', async (t) => {
  const [a, b] = pair(t)
  const sizes = [0, 1, 70_000, 0, 3, 1_000_000, 5]
  const sending = (async () => {
    for (const [n, size] of sizes.entries()) await a.sendBytes(patterned(size, n))
    await a.close()
  })()
  let n = 0
  for await (const message of b.bytes()) {
    t.true(Buffer.isBuffer(message))
    t.true(message.equals(patterned(sizes[n] ?? -1, n)), `message ${n}`)
    n++
  }
  t.is(n, sizes.length)
  await sending
})

test('iteration of a connection whose peer has closed without a message is over at once', async (t) => {
  const [a, b] = pair(t)
  await a.close()
  for await (const _ of b) t.fail('there is no message')
  for await (const _ of b.bytes()) t.fail('there is no message')
  t.pass()
})

test('leaving the loop neither closes the connection nor loses a message', async (t) => {
  const [a, b] = pair(t)
  for (let n = 0; n < 10; n++) await a.send(n)
  for await (const n of b) if (n === 2) break
  t.false(b.closed)
  t.is(await b.recv(), 3)
  t.is(b.recvSync(), 4)
  const rest = []
  await a.close()
  for await (const n of b) rest.push(n)
  t.deepEqual(rest, [5, 6, 7, 8, 9])
})

test('leaving the loop of bytes() neither closes the connection nor loses a message', async (t) => {
  const [a, b] = pair(t)
  for (let n = 0; n < 5; n++) await a.sendBytes(Buffer.of(n))
  for await (const message of b.bytes()) if (message[0] === 1) break
  t.false(b.closed)
  const rest = []
  await a.close()
  for await (const message of b.bytes()) rest.push(message[0])
  t.deepEqual(rest, [2, 3, 4])
})

test('an error in the loop’s body neither closes the connection nor loses a message', async (t) => {
  const [a, b] = pair(t)
  for (const n of [1, 2]) await a.send(n)
  await t.throwsAsync(
    async () => {
      for await (const n of b) throw new Error(`of the body, at ${String(n)}`)
    },
    { message: 'of the body, at 1' },
  )
  t.is(await b.recv(), 2)
})

test('a message that cannot be decoded is thrown into the loop, and the next loop goes on behind it', async (t) => {
  const { connection, fd, closeRawEnd } = pairWithRawEnd(t, { codec: 'json' })
  writeAll(fd, Buffer.concat([frame('1'), frame('{'), frame('2')]))
  closeRawEnd()
  const received: unknown[] = []
  const iterate = async (): Promise<void> => {
    for await (const value of connection) received.push(value)
  }
  await t.throwsAsync(iterate, { instanceOf: DecodeError })
  t.deepEqual(received, [1])
  await iterate()
  t.deepEqual(received, [1, 2])
})

test('an end in the middle of a message is an error of the loop, not its end', async (t) => {
  const { connection, fd, closeRawEnd } = pairWithRawEnd(t)
  writeAll(fd, Buffer.concat([frame('whole'), frame('half').subarray(0, 6)]))
  closeRawEnd()
  const received: string[] = []
  await t.throwsAsync(
    async () => {
      for await (const message of connection.bytes()) received.push(message.toString())
    },
    { instanceOf: ProtocolError },
  )
  t.deepEqual(received, ['whole'])
})

test('an iterator’s next() may be called ahead: messages come in order, then done for ever', async (t) => {
  const [a, b] = pair(t)
  const iterator = b[Symbol.asyncIterator]()
  const ahead = [iterator.next(), iterator.next(), iterator.next()]
  await a.send('one')
  await a.send('two')
  await a.close()
  t.deepEqual(await Promise.all(ahead), [
    { value: 'one', done: false },
    { value: 'two', done: false },
    { value: undefined, done: true },
  ])
  t.like(await iterator.next(), { done: true })
})

test('messages that were there before the loop and messages that come during it are one sequence', async (t) => {
  const [a, b] = pair(t)
  for (const n of [0, 1, 2]) await a.send(n)
  t.is(await b.recv(), 0)
  const received: unknown[] = []
  for await (const n of b) {
    received.push(n)
    if (n === 1) void a.send(3).then(() => a.close())
  }
  t.deepEqual(received, [1, 2, 3])
})
