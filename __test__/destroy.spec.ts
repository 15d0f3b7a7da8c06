import { closeSync } from 'node:fs'
import test from 'ava'
import { connect, ConnectionClosedError, EOFError, Listener, pipe, ProtocolError, wait, waitSync } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { closeAfter, pair } from './pairs.ts'
import { patterned } from './wire.ts'

checkDescriptors(test)

test('destroy closes without delivering unsent messages, and ends every pending call', async (t) => {
  const [a, b] = pair(t)
  const sending = a.sendBytes(patterned(4 * 1024 * 1024))
  const flushing = a.flush()
  const receiving = a.recv()
  const polling = a.poll(Infinity)
  const { fd } = a
  t.is(a.destroy(), undefined)
  t.true(a.closed)
  t.is(a.bufferedAmount, 0)
  for (const each of [sending, flushing, receiving, polling]) {
    await t.throwsAsync(each, { instanceOf: ConnectionClosedError })
  }
  await t.throwsAsync(() => b.recvBytes(), { instanceOf: ProtocolError })
  t.throws(() => a.fd, { instanceOf: ConnectionClosedError })
  t.true(fd >= 0)
})

test('destroy ends a close that waits for a peer which has stalled', async (t) => {
  const [a] = pair(t)
  const sending = a.sendBytes(patterned(4 * 1024 * 1024))
  const closing = a.close()
  a.destroy()
  await closing
  await t.throwsAsync(sending, { instanceOf: ConnectionClosedError })
})

test('destroy twice, after close, and before it, does nothing more', async (t) => {
  const [a, b] = pipe()
  a.destroy()
  a.destroy()
  await a.close()
  await b.close()
  b.destroy()
  t.pass()
})

test('messages that the kernel had taken before destroy arrive, and then the end', async (t) => {
  const [a, b] = pair(t)
  await a.send('taken')
  await a.flush()
  void a.send('staged')
  void a.send('staged too')
  a.destroy()
  t.is(await b.recv(), 'taken')
  await t.throwsAsync(
    async () => {
      for (;;) await b.recv()
    },
    { instanceOf: EOFError },
  )
})

test('a loop over a connection that this program closes ends quietly', async (t) => {
  for (const [end, bytes] of [
    ['close', false],
    ['close', true],
    ['destroy', false],
    ['detach', true],
  ] as const) {
    const [a, b] = pair(t, { transport: 'socket' })
    const received: unknown[] = []
    const over = (async () => {
      for await (const message of bytes ? b.bytes() : b) {
        received.push(String(message))
        if (end === 'detach') closeSync(b.detach())
        else void b[end]()
      }
    })()
    await a.send('one')
    await over
    t.is(received.length, 1)
    // One that begins afterwards has nothing to say either.
    for await (const _ of b) t.fail()
  }

  const [, b] = pair(t)
  const waiting = b[Symbol.asyncIterator]().next()
  await b.close()
  t.deepEqual(await waiting, { value: undefined, done: true })
})

test('wait on a closed connection is a ConnectionClosedError', async (t) => {
  const [a, b] = pair(t)
  await a.close()
  await t.throwsAsync(() => wait([a]), { instanceOf: ConnectionClosedError })
  await t.throwsAsync(() => wait([b, a], { timeout: 0 }), { instanceOf: ConnectionClosedError })
  t.throws(() => waitSync([a]), { instanceOf: ConnectionClosedError })
  const [c] = pair(t)
  const waiting = wait([c])
  await c.close()
  await t.throwsAsync(waiting, { instanceOf: ConnectionClosedError })
})

test('a send to a peer that is gone says so', async (t) => {
  const [a, b] = pair(t)
  await b.close()
  const gone = { code: 'EPIPE', message: 'the peer has closed the connection (EPIPE)' }
  await t.throwsAsync(() => a.sendBytes(Buffer.alloc(100_000)), gone)
  t.throws(() => a.sendSync(1), gone)
  await t.throwsAsync(() => a.flush(), gone)
})

test('transport says how bytes reach the peer', async (t) => {
  const [a] = pair(t, { transport: 'socket' })
  t.is(a.transport, process.platform === 'win32' ? 'named-pipe' : 'socket')
  const listener = new Listener({ host: '127.0.0.1', port: 0 })
  t.teardown(() => listener.close())
  const accepting = listener.accept()
  const client = await connect(listener.address)
  closeAfter(t, client)
  closeAfter(t, await accepting)
  t.is(client.transport, 'socket')
})
