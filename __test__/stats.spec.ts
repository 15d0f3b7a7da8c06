import test from 'ava'
import { checkDescriptors } from './descriptors.ts'
import { pair } from './pairs.ts'
import { turns } from './until.ts'
import { patterned } from './wire.ts'

checkDescriptors(test)

// All connections share what a turn of the event loop reads and sends: each test has turns of its own.
test.beforeEach(() => turns(1))

test.serial('a new connection has carried nothing', (t) => {
  const [a] = pair(t)
  t.deepEqual({ ...a.stats }, { messagesSent: 0, bytesSent: 0, messagesReceived: 0, bytesReceived: 0 })
})

test.serial('stats count messages and their bytes, each way, without the headers', async (t) => {
  const [a, b] = pair(t)
  const sizes = [0, 10, 100_000, 1_000_000]
  const total = sizes.reduce((sum, size) => sum + size)
  const sending = Promise.all(sizes.map((size) => a.sendBytes(patterned(size))))
  for (const _ of sizes) await b.recvBytes()
  await sending
  await b.sendBytes(Buffer.alloc(7))
  await a.recvBytes()
  t.like(a.stats, { messagesSent: 4, bytesSent: total, messagesReceived: 1, bytesReceived: 7 })
  t.like(b.stats, { messagesSent: 1, bytesSent: 7, messagesReceived: 4, bytesReceived: total })
})

test.serial('synchronous and asynchronous calls, and every kind of receive, count alike', async (t) => {
  const [a, b] = pair(t, { codec: 'json' })
  const receive = [
    () => b.recv(),
    () => b.recvSync(),
    () => b.tryRecv(),
    () => b.recvBytes(),
    () => b.recvBytesSync(),
    () => b.tryRecvBytes(),
    () => b.recvBytesInto(Buffer.alloc(3)),
    () => b.recvBytesIntoSync(Buffer.alloc(3)),
  ]
  for (const [n, take] of receive.entries()) {
    if (n % 2 === 0) await a.send('x')
    else a.sendSync('x')
    await a.flush()
    await take()
    t.like(b.stats, { messagesReceived: n + 1, bytesReceived: 3 * (n + 1) })
  }
  t.like(a.stats, { messagesSent: receive.length, bytesSent: 3 * receive.length })
})

test.serial('a message that poll sees, or that the buffer holds, does not count as received yet', async (t) => {
  const [a, b] = pair(t)
  for (const text of ['one', 'two', 'three']) await a.sendBytes(Buffer.from(text))
  await b.recvBytes()
  await b.poll()
  t.like(b.stats, { messagesReceived: 1, bytesReceived: 3 })
})

test.serial('stats may still be read after close', async (t) => {
  const [a, b] = pair(t)
  await a.sendBytes(Buffer.from('four'))
  await a.close()
  await b.recvBytes()
  t.like(a.stats, { messagesSent: 1, bytesSent: 4 })
})

test.serial('stats is a picture of one moment', async (t) => {
  const [a] = pair(t)
  const before = a.stats
  await a.send('x')
  t.is(before.messagesSent, 0)
  t.is(a.stats.messagesSent, 1)
})
