// Shared memory by way of a listener: both ends ask for it, a key is proved first, and an end that doesn't ask says what is wrong.

import { readFileSync } from 'node:fs'
import { connect as connectSocket } from 'node:net'
import { once } from 'node:events'
import test from 'ava'
import { connect, connectSync, type Connection, EOFError, type ListenerOptions, ProtocolError } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { KEYED } from './handshakes.ts'
import { connected, listen } from './listeners.ts'
import { closeAfter } from './pairs.ts'
import { until } from './until.ts'

checkDescriptors(test)

const onLinux = process.platform === 'linux' ? test.serial : test.serial.skip

const SHARED = { transport: 'shared-memory' } as const

/** The size of the rings that this process has mapped. */
function mapped(): number {
  return readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .filter((line) => line.includes('memfd:carom')).length
}

for (const [what, key] of [
  ['without a key', {}],
  ['with a key', KEYED],
] as const) {
  const options: ListenerOptions = { ...SHARED, ...key }

  onLinux(`both ends of a connection talk through shared memory, ${what}`, async (t) => {
    const listener = listen(t, undefined, options)
    const [client, server] = await connected(t, listener, options)
    t.is(client.transport, 'shared-memory')
    t.is(server.transport, 'shared-memory')
    for (let n = 0; n < 10; n++) {
      await client.send({ n })
      t.deepEqual(await server.recv(), { n })
      server.sendSync([n])
      t.deepEqual(client.recvSync(), [n])
    }
    await client.close()
    await t.throwsAsync(() => server.recv(), { instanceOf: EOFError })
  })

  onLinux(`the accepting end may be the first to send, and the other may only receive, ${what}`, async (t) => {
    const listener = listen(t, undefined, options)
    const [client, server] = await connected(t, listener, options)
    server.sendSync('hello')
    t.is(client.recvSync(), 'hello')
    void server.send('again')
    t.is(await client.recv(), 'again')
    await server.close()
    t.throws(() => client.recvSync(), { instanceOf: EOFError })
  })

  onLinux(`it is the memory of the connecting end that is used, ${what}`, async (t) => {
    const listener = listen(t, undefined, { ...options, ringSize: 4096 })
    const [client, server] = await connected(t, listener, { ...options, ringSize: 1 << 20 })
    server.sendBytesSync(Buffer.alloc(500_000))
    t.is((await client.recvBytes()).length, 500_000)
  })

  onLinux(`an end without it tells what its peer wants, ${what}`, async (t) => {
    const listener = listen(t, undefined, { ...key })
    const [client, server] = await connected(t, listener, options)
    const error = await t.throwsAsync(() => server.recv(), { instanceOf: ProtocolError, message: /shared memory/ })
    t.regex(String(error?.message), /transport: 'shared-memory'/)
    t.is(client.transport, 'shared-memory')
  })

  onLinux(`an end with it tells that its peer does without, ${what}`, async (t) => {
    const listener = listen(t, undefined, options)
    const [client, server] = await connected(t, listener, { ...key })
    await client.send('plain')
    const error = await t.throwsAsync(() => server.recv(), { instanceOf: ProtocolError, message: /shared memory/ })
    t.regex(String(error?.message), /transport: 'shared-memory'/)
  })
}

onLinux('the blocking calls connect and accept over shared memory', async (t) => {
  const listener = listen(t, undefined, SHARED)
  const client = connectSync(listener.address, SHARED)
  closeAfter(t, client)
  const server = listener.acceptSync() as Connection
  closeAfter(t, server)
  client.sendSync('one')
  t.is(server.recvSync(), 'one')
  server.sendSync('two')
  t.is(client.recvSync(), 'two')
})

onLinux('no memory is mapped of a peer that has not proved the key', async (t) => {
  const listener = listen(t, undefined, { ...SHARED, ...KEYED })
  // The connections of the tests before are closed, but may not be through with it.
  await until(() => mapped() === 0, 'memory is mapped before there is a client')
  const accepting = listener.accept()
  await t.throwsAsync(() => connect(listener.address, { ...SHARED, ...KEYED, authkey: 'wrong' }))
  t.is(mapped(), 0)
  const client = await connect(listener.address, { ...SHARED, ...KEYED })
  closeAfter(t, client)
  const server = await accepting
  closeAfter(t, server)
  await client.send('known')
  t.is(await server.recv(), 'known')
  t.true(mapped() >= 2)
})

onLinux('what is sent before the offer comes is kept, up to the high-water mark, and then leaves', async (t) => {
  const listener = listen(t, undefined, { ...SHARED, highWaterMark: 1000 })
  const socket = connectSocket(listener.address as string)
  await once(socket, 'connect')
  const server = (await listener.accept()) as Connection
  closeAfter(t, server)
  await server.send('kept')
  t.true(server.bufferedAmount > 0)
  t.is(server.tryRecv(), undefined)
  t.false(await server.poll(10))
  socket.end()
  await t.throwsAsync(() => server.recv(), { instanceOf: EOFError })
})

onLinux('a thousand short connections leave no memory mapped', async (t) => {
  const listener = listen(t, undefined, SHARED)
  const before = mapped()
  for (let n = 0; n < 1000; n++) {
    const accepting = listener.accept()
    const client = await connect(listener.address, { ...SHARED, ringSize: 4096 })
    const server = (await accepting) as Connection
    await client.send(n)
    t.is(await server.recv(), n)
    await Promise.all([client.close(), server.close()])
  }
  await until(
    () => mapped() <= before,
    () => `${mapped()} mappings, and ${before} before`,
  )
})
