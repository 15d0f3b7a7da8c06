import test from 'ava'
import { ConnectionClosedError, EOFError, pipe, wait, type Connection } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { pair, pairWithRawEnd } from './pairs.ts'
import { turns, watch } from './until.ts'
import { patterned } from './wire.ts'

checkDescriptors(test)

const MiB = 1024 * 1024
const closed = {
  instanceOf: ConnectionClosedError,
  name: 'ConnectionClosedError',
  code: 'ERR_CAROM_CONNECTION_CLOSED',
} as const

test('closed is true right after close; readable and writable keep their values', async (t) => {
  const [a] = pair(t)
  const closing = a.close()
  t.like(a, { closed: true, readable: true, writable: true })
  await closing
  t.like(a, { closed: true, readable: true, writable: true })
})

test('messages sent before close are delivered, though their sends were not awaited', async (t) => {
  const [a, b] = pair(t)
  for (let n = 0; n < 1000; n++) void a.send(n)
  await a.close()
  for (let n = 0; n < 1000; n++) t.is(await b.recv(), n)
  await t.throwsAsync(() => b.recv(), { instanceOf: EOFError })
})

test('close resolves when the kernel has taken all that was sent, and not before', async (t) => {
  const [a, b] = pair(t)
  const message = patterned(8 * MiB)
  const sending = a.sendBytes(message)
  const closing = a.close()
  const state = watch(closing)
  await turns()
  t.false(state.settled)
  t.true(message.equals(await b.recvBytes()))
  await closing
  await sending
  await t.throwsAsync(() => b.recv(), { instanceOf: EOFError })
})

test('close is safe to call twice, also while the first is not through', async (t) => {
  const [a, b] = pair(t)
  const sending = a.sendBytes(patterned(4 * MiB))
  const closings = [a.close(), a.close()]
  await b.recvBytes()
  await Promise.all([...closings, sending])
  await t.notThrowsAsync(() => a.close())
})

test('close resolves although the peer is gone and will never take what was sent', async (t) => {
  const { connection, closeRawEnd } = pairWithRawEnd(t)
  const sending = connection.sendBytes(patterned(4 * MiB)).catch(() => {})
  const closing = connection.close()
  closeRawEnd()
  await t.notThrowsAsync(closing)
  await sending
})

test('after close everything that needs the connection refuses', async (t) => {
  const [a] = pair(t)
  await a.close()
  for (const call of [
    () => a.send('x'),
    () => a.sendBytes(Buffer.from('x')),
    () => a.recv(),
    () => a.recvBytes(),
    () => a.recvBytesInto(Buffer.alloc(1)),
    () => a.poll(),
    () => a.flush(),
  ]) {
    await t.throwsAsync<ConnectionClosedError>(call, closed, String(call))
  }
  for (const call of [
    () => a.sendSync('x'),
    () => a.sendBytesSync(Buffer.from('x')),
    () => a.recvSync(),
    () => a.recvBytesSync(),
    () => a.recvBytesIntoSync(Buffer.alloc(1)),
    () => a.pollSync(),
    () => a.tryRecv(),
    () => a.tryRecvBytes(),
    () => a.detach(),
    () => a.fd,
  ]) {
    t.throws<ConnectionClosedError>(call, closed, String(call))
  }
})

test('close wakes every pending receive with ConnectionClosedError', async (t) => {
  const [a] = pair(t)
  const receiving = [a.recv(), a.recvBytes(), a.recvBytesInto(Buffer.alloc(1))]
  await turns(2)
  await a.close()
  for (const promise of receiving) await t.throwsAsync<ConnectionClosedError>(promise, closed)
})

test('close wakes a pending poll and a pending wait with ConnectionClosedError', async (t) => {
  const [a, b] = pair(t)
  const waiting: Promise<unknown>[] = [a.poll(Infinity), wait([a, b])]
  await turns(2)
  await a.close()
  for (const promise of waiting) await t.throwsAsync<ConnectionClosedError>(promise, closed)
})

test('close with messages unread drops them and tells the peer', async (t) => {
  const [a, b] = pair(t)
  await b.send('never read')
  await b.flush()
  await a.close()
  const error = await t.throwsAsync(() => b.recv())
  t.true(['ECONNRESET', 'ERR_CAROM_EOF'].includes((error as NodeJS.ErrnoException).code ?? ''))
})

test('using closes at the end of the block', async (t) => {
  const [a, b] = pair(t)
  let kept: Connection
  {
    using end = a
    kept = end
    void end.send('from the block')
    t.false(end.closed)
  }
  t.true(kept.closed)
  t.is(await b.recv(), 'from the block')
  await t.throwsAsync(() => b.recv(), { instanceOf: EOFError })
})

test('await using closes at the end of the block, and has delivered when it is over', async (t) => {
  const [a, b] = pair(t)
  {
    await using end = a
    void end.send('from the block')
  }
  t.true(a.closed)
  t.is(b.recvSync(), 'from the block')
  t.throws(() => b.recvSync(), { instanceOf: EOFError })
})

test('disposing a closed connection does nothing', async (t) => {
  const [a] = pair(t)
  await a.close()
  t.notThrows(() => a[Symbol.dispose]())
  await t.notThrowsAsync(async () => a[Symbol.asyncDispose]())
})

test('a closed connection leaves its old descriptor’s number alone when the process uses it anew', async (t) => {
  for (let n = 0; n < 100; n++) {
    const [a, b] = pipe()
    await Promise.all([a.close(), b.close()])
    const [c, d] = pipe()
    await a.close()
    a[Symbol.dispose]()
    await c.send(n)
    t.is(await d.recv(), n)
    await Promise.all([c.close(), d.close()])
  }
})
