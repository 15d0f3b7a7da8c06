import test from 'ava'
import {
  BusyError,
  CaromError,
  connect,
  ConnectionClosedError,
  EOFError,
  Listener,
  SystemError,
  type Connection,
} from 'carom'
import { startChild, untilAsleep, untilPrinted, wellWith } from './children.ts'
import { checkDescriptors } from './descriptors.ts'
import { connected, freshPath, KINDS, listen, rawPeer } from './listeners.ts'
import { closeAfter } from './pairs.ts'
import { turns, watch } from './until.ts'

checkDescriptors(test)

const CLOSED = { instanceOf: ConnectionClosedError, code: 'ERR_CAROM_CONNECTION_CLOSED' }

for (const [kind, make] of KINDS) {
  test(`a client connects to ${kind}, and each end receives what the other sends`, async (t) => {
    const listener = listen(t, make(t))
    const [client, server] = await connected(t, listener)
    await client.send({ from: 'client' })
    await server.send({ from: 'server' })
    t.deepEqual(await server.recv(), { from: 'client' })
    t.deepEqual(await client.recv(), { from: 'server' })
    await client.close()
    await t.throwsAsync(() => server.recv(), { instanceOf: EOFError })
  })

  test(`messages of a client of ${kind} that closed before it was accepted still arrive`, async (t) => {
    const listener = listen(t, make(t))
    const client = await connect(listener.address)
    await client.send('early')
    await client.close()
    const server = await listener.accept()
    closeAfter(t, server)
    t.is(await server.recv(), 'early')
    await t.throwsAsync(() => server.recv(), { instanceOf: EOFError })
  })

  test(`a listener at ${kind} that is closed is not reached by any client`, async (t) => {
    const listener = listen(t, make(t))
    const { address } = listener
    await listener.close()
    t.true(listener.closed)
    const error = await t.throwsAsync(() => connect(address), { instanceOf: SystemError })
    t.true(['ENOENT', 'ECONNREFUSED'].includes(error?.code ?? ''), error?.message)
  })
}

test('clients are accepted in the order in which they connected', async (t) => {
  const listener = listen(t)
  for (let n = 0; n < 20; n++) {
    const client = await connect(listener.address)
    closeAfter(t, client)
    await client.send(n)
  }
  for (let n = 0; n < 20; n++) {
    const server = await listener.accept()
    closeAfter(t, server)
    t.is(await server.recv(), n)
  }
})

test('several accepts that wait are served in their order', async (t) => {
  const listener = listen(t)
  const accepts = [listener.accept(), listener.accept(), listener.accept()]
  for (const [n, accept] of accepts.entries()) {
    const client = await connect(listener.address)
    closeAfter(t, client)
    await client.send(n)
    const server = await accept
    closeAfter(t, server)
    t.is(await server.recv(), n)
  }
})

test('connections get the options that the listener was given', async (t) => {
  const codec = { encode: (value: unknown) => Buffer.from(`<${String(value)}>`), decode: (bytes: Uint8Array) => bytes }
  const listener = listen(t, undefined, { codec, maxMessageSize: 20 })
  const [client, server] = await connected(t, listener)
  await server.send('listed')
  t.is((await client.recvBytes()).toString(), '<listed>')
  await client.sendBytes(Buffer.alloc(21))
  await t.throwsAsync(() => server.recvBytes(), { code: 'ERR_CAROM_MESSAGE_TOO_LONG' })
})

test('a connection gets the options that connect was given', async (t) => {
  const listener = listen(t, undefined, { codec: 'json' })
  const [client, server] = await connected(t, listener, { codec: 'json', maxMessageSize: 20 })
  await client.send({ in: 'json' })
  t.is((await server.recvBytes()).toString(), '{"in":"json"}')
  await server.sendBytes(Buffer.alloc(21))
  await t.throwsAsync(() => client.recvBytes(), { code: 'ERR_CAROM_MESSAGE_TOO_LONG' })
})

test('acceptSync gives the client that is there, and waits for one that is not', async (t) => {
  const listener = listen(t)
  const here = await connect(listener.address)
  closeAfter(t, here)
  const first = listener.acceptSync()
  closeAfter(t, first)
  here.sendSync('here')
  t.is(first.recvSync(), 'here')

  const child = startChild(t, 'connect.ts', { args: [JSON.stringify(listener.address), '{}', 'sync'] })
  const second = listener.acceptSync()
  t.is(second.recvSync(), 0)
  second.sendSync(0)
  await second.close()
  t.like(await child.ended, wellWith('answered: 1\n'))
})

test('acceptSync while an accept is pending is an error, and takes nothing', async (t) => {
  const listener = listen(t)
  const accepting = listener.accept()
  t.throws(() => listener.acceptSync(), { instanceOf: BusyError, code: 'ERR_CAROM_BUSY' })
  const client = await connect(listener.address)
  closeAfter(t, client)
  closeAfter(t, await accepting)
})

test('iteration gives every client, and ends when the listener is closed', async (t) => {
  const listener = listen(t)
  const served: unknown[] = []
  const serving = (async () => {
    for await (const connection of listener) {
      served.push(await connection.recv())
      await connection.close()
    }
  })()
  for (let n = 0; n < 5; n++) {
    const client = await connect(listener.address)
    await client.send(n)
    await t.throwsAsync(() => client.recv(), { instanceOf: EOFError })
    await client.close()
  }
  await listener.close()
  await serving
  t.deepEqual(served, [0, 1, 2, 3, 4])
  for await (const _ of listener) t.fail('a closed listener gives nobody')
})

test('leaving an iteration leaves the listener open', async (t) => {
  const listener = listen(t)
  const client = connect(listener.address)
  for await (const connection of listener) {
    closeAfter(t, connection)
    break
  }
  closeAfter(t, await client)
  t.false(listener.closed)
  await connected(t, listener)
})

test('close wakes every pending accept', async (t) => {
  const listener = listen(t)
  const accepts = Array.from({ length: 5 }, () => listener.accept())
  await turns(3)
  await listener.close()
  for (const accept of accepts) await t.throwsAsync(accept, CLOSED)
})

test('a closed listener accepts no client', async (t) => {
  const listener = listen(t)
  await listener.close()
  await t.throwsAsync(() => listener.accept(), CLOSED)
  t.throws(() => listener.acceptSync(), CLOSED)
})

test('closing twice is closing once', async (t) => {
  const listener = listen(t)
  t.false(listener.closed)
  const first = listener.close()
  t.true(listener.closed)
  await Promise.all([first, listener.close()])
  await listener.close()
  t.true(listener.closed)
})

test('accepted connections outlive their listener', async (t) => {
  const listener = listen(t)
  const [client, server] = await connected(t, listener)
  await listener.close()
  await client.send('still')
  t.is(await server.recv(), 'still')
})

test('clients that were not accepted see the end when the listener is closed', async (t) => {
  const listener = listen(t)
  const client = await connect(listener.address)
  closeAfter(t, client)
  await listener.close()
  const error = await t.throwsAsync(() => client.recv(), { instanceOf: CaromError })
  t.true(['ERR_CAROM_EOF', 'ECONNRESET'].includes(error?.code ?? ''), error?.message)
})

test('an aborted accept rejects with the signal’s reason, and the next one gets the client', async (t) => {
  const listener = listen(t)
  for (let n = 0; n < 50; n++) {
    const controller = new AbortController()
    const accepting = listener.accept({ signal: controller.signal })
    if (n % 2 === 0) await turns(1)
    const client = await connect(listener.address)
    const early = watch(accepting)
    const reason = new Error(`enough ${n}`)
    controller.abort(reason)
    let server: Connection
    if (early.settled) server = await accepting
    else {
      // The abort may have come behind the client.
      const outcome = await accepting.catch((error: unknown) => error)
      if (outcome instanceof Error) {
        t.is(outcome, reason)
        server = await listener.accept()
      } else server = outcome as Connection
    }
    await client.send(n)
    t.is(await server.recv(), n)
    await Promise.all([client.close(), server.close()])
  }
})

test('an accept whose signal is aborted already rejects and takes nothing', async (t) => {
  const listener = listen(t)
  const client = await connect(listener.address)
  closeAfter(t, client)
  const reason = new Error('before')
  t.is(await t.throwsAsync(() => listener.accept({ signal: AbortSignal.abort(reason) })), reason)
  closeAfter(t, await listener.accept())
})

test('aborting one of several accepts leaves the others in their order', async (t) => {
  const listener = listen(t)
  const controller = new AbortController()
  const first = listener.accept()
  const second = listener.accept({ signal: controller.signal })
  const third = listener.accept()
  controller.abort()
  await t.throwsAsync(second, { name: 'AbortError', any: true })
  for (const [n, accept] of [first, third].entries()) {
    const client = await connect(listener.address)
    closeAfter(t, client)
    await client.send(n)
    const server = await accept
    closeAfter(t, server)
    t.is(await server.recv(), n)
  }
})

test('using closes a listener at the end of its block, await using waits for it', async (t) => {
  let [kept, keptToo]: Listener[] = []
  {
    using listener = new Listener()
    await using other = new Listener()
    ;[kept, keptToo] = [listener, other]
    t.false(listener.closed)
  }
  t.true(kept?.closed)
  t.true(keptToo?.closed)
})

test('lastAccepted is undefined before the first accept, and empty for a Unix peer without a name', async (t) => {
  const listener = listen(t)
  t.is(listener.lastAccepted, undefined)
  await connected(t, listener)
  t.is(listener.lastAccepted, '')
})

test('lastAccepted is the address of a TCP peer', async (t) => {
  const listener = listen(t, { host: '127.0.0.1', port: 0 })
  const peer = await rawPeer(t, listener.address)
  closeAfter(t, await listener.accept())
  t.deepEqual(listener.lastAccepted, { host: '127.0.0.1', port: peer.socket.localPort! })
  const child = startChild(t, 'connect.ts', { args: [JSON.stringify(listener.address), '{}', 'async'] })
  const server = listener.acceptSync()
  await server.send(await server.recv())
  await server.close()
  t.notDeepEqual(listener.lastAccepted, { host: '127.0.0.1', port: peer.socket.localPort! })
  t.like(await child.ended, wellWith('answered: 1\n'))
})

test('an address is free again as soon as close has returned', async (t) => {
  const path = freshPath(t)
  for (let n = 0; n < 10; n++) {
    const listener = listen(t, path)
    const accepting = listener.accept()
    void listener.close()
    await t.throwsAsync(accepting, CLOSED)
  }
})

test('signals do not disturb acceptSync', async (t) => {
  const path = freshPath(t)
  const child = startChild(t, 'listen.ts', { args: [JSON.stringify(path), '{}', 'sync'] })
  await untilPrinted(child, 'listening')
  await untilAsleep(child)
  for (let n = 0; n < 10; n++) {
    child.process.kill('SIGUSR2')
    await untilAsleep(child)
  }
  const client = await connect(path)
  await client.send('after the signals')
  t.is(await client.recv(), 'after the signals')
  await client.close()
  t.like(await child.ended, wellWith('listening\n'))
})
