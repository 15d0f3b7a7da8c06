import { writeFileSync } from 'node:fs'
import { getEventListeners } from 'node:events'
import test, { type ExecutionContext } from 'ava'
import {
  AuthenticationError,
  Client,
  connect,
  connectSync,
  EOFError,
  SystemError,
  TimeoutError,
  type Address,
  type ConnectOptions,
} from 'carom'
import { startChild, untilPrinted, wellWith } from './children.ts'
import { checkDescriptors, expectNoMoreDescriptorsThan, openDescriptors } from './descriptors.ts'
import { askForProof, hearChallenge, KEYED, modernAnswer, PATIENCE, PREFIX, prove, WELCOME } from './handshakes.ts'
import { connected, freshPath, KINDS, listen, OWN_HOST, rawListener, rawPeer, temporaryDirectory } from './listeners.ts'
import { closeAfter, pair } from './pairs.ts'
import { turns, until } from './until.ts'
import { frame, header, patterned } from './wire.ts'

checkDescriptors(test)

test('Client is another name of connect', (t) => {
  t.is(Client, connect)
})

for (const mode of ['async', 'sync']) {
  for (const [kind, make] of KINDS) {
    // Nobody but its listener knows a private address.
    if (kind === 'a private address') continue
    for (const authkey of [undefined, 'secret']) {
      const how = authkey ? 'with a key' : 'without a key'
      test(`connectSync reaches ${kind} ${how} (the listener is ${mode})`, async (t) => {
        const [report, theirs] = pair(t)
        const options = JSON.stringify(authkey ? { ...KEYED, authkey } : {})
        const args = [JSON.stringify(make(t)), options, mode, '1', 'tell']
        const child = startChild(t, 'listen.ts', { ends: [theirs], args })
        const address = (await report.recv()) as Address
        const client = connectSync(address, authkey ? { ...KEYED, authkey } : {})
        client.sendSync('sync')
        t.is(client.recvSync(), 'sync')
        await client.send('async')
        t.is(await client.recv(), 'async')
        await client.close()
        t.like(await child.ended, wellWith('listening\n'))
      })
    }
  }
}

/** Both ways to connect, with the same expectations. */
const both: [
  string,
  (address: string | { host: string; port: number }, options?: ConnectOptions) => Promise<unknown>,
][] = [
  ['connect', (address, options) => connect(address, options)],
  ['connectSync', async (address, options) => connectSync(address, options)],
]

for (const [name, call] of both) {
  test(`${name} to a missing path is ENOENT, and the error says what to check`, async (t) => {
    const path = freshPath(t)
    const error = await t.throwsAsync(() => call(path), { instanceOf: SystemError, code: 'ENOENT' })
    t.like(error, { syscall: 'connect', address: path })
    t.true((error?.errno ?? 0) < 0)
    t.true(error?.message.includes(path))
    t.regex(error?.message ?? '', /listener/)
  })

  test(`${name} to a file that is no socket is ECONNREFUSED`, async (t) => {
    const path = freshPath(t)
    writeFileSync(path, '')
    await t.throwsAsync(() => call(path), { instanceOf: SystemError, code: 'ECONNREFUSED' })
  })

  test(`${name} to a port without a listener is ECONNREFUSED, and the error names the address`, async (t) => {
    const listener = listen(t, { host: OWN_HOST, port: 0 })
    const address = listener.address as { host: string; port: number }
    await listener.close()
    const error = await t.throwsAsync(() => call(address), { instanceOf: SystemError, code: 'ECONNREFUSED' })
    t.true(error?.message.includes(`${OWN_HOST}:${address.port}`))
    t.is(error?.syscall, 'connect')
  })

  test(`${name} to a socket file that its listener has left is ECONNREFUSED`, async (t) => {
    const path = `${temporaryDirectory(t)}/socket`
    const child = startChild(t, 'listen-and-end.ts', { args: [path, 'stay'] })
    await untilPrinted(child, 'listening')
    child.process.kill('SIGKILL')
    await child.ended
    await t.throwsAsync(() => call(path), { instanceOf: SystemError, code: 'ECONNREFUSED' })
  })

  test(`${name} that fails leaves no descriptor`, async (t) => {
    const path = freshPath(t)
    const before = openDescriptors()
    for (let n = 0; n < 50; n++) await t.throwsAsync(() => call(path), { code: 'ENOENT' })
    await expectNoMoreDescriptorsThan(before)
  })
}

const wrongListeners: [title: string, script: Parameters<typeof rawListener>[1], expected: object][] = [
  ['says nothing', () => {}, { instanceOf: TimeoutError, code: 'ERR_CAROM_TIMEOUT' }],
  ['closes at once', (peer) => peer.socket.end(), { instanceOf: EOFError, code: 'ERR_CAROM_EOF' }],
  [
    'closes inside a message',
    (peer) => peer.socket.end(frame(PREFIX).subarray(0, 9)),
    { instanceOf: EOFError, code: 'ERR_CAROM_EOF' },
  ],
  [
    'sends a message that is no challenge',
    (peer) => peer.say('HTTP/1.1 400 Bad Request'),
    { instanceOf: AuthenticationError, code: 'ERR_CAROM_AUTHENTICATION' },
  ],
  [
    'speaks another protocol',
    (peer) => peer.socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'),
    { instanceOf: AuthenticationError, code: 'ERR_CAROM_AUTHENTICATION' },
  ],
  [
    'sends a malformed length',
    (peer) => peer.socket.write(header(-2)),
    { instanceOf: AuthenticationError, code: 'ERR_CAROM_AUTHENTICATION' },
  ],
]

for (const [title, script, expected] of wrongListeners) {
  test(`connect with a key to a listener that ${title} has an error of its own, and leaves no descriptor`, async (t) => {
    const { address, peers } = await rawListener(t, script)
    const handshakeTimeout = title === 'says nothing' ? 50 : PATIENCE
    const error = await t.throwsAsync(() => connect(address, { authkey: 'secret', handshakeTimeout }), expected)
    t.true(error?.message.includes(address), error?.message)
    // The other side sees that we are gone, if it has seen us come.
    await until(() => peers.length === 1, 'the other side has not accepted')
    await peers[0]!.untilEnded()
  })
}

test('connectSync with a key to a listener that says nothing ends after handshakeTimeout', async (t) => {
  const { address } = await rawListener(t)
  t.throws(() => connectSync(address, { authkey: 'secret', handshakeTimeout: 50 }), { instanceOf: TimeoutError })
})

test('timeout bounds connecting and the handshake together', async (t) => {
  const { address } = await rawListener(t)
  const expected = { instanceOf: TimeoutError, code: 'ERR_CAROM_TIMEOUT' }
  const options = { authkey: 'secret', timeout: 50, handshakeTimeout: 600_000 }
  await t.throwsAsync(() => connect(address, options), expected)
  t.throws(() => connectSync(address, options), expected)
})

test('a timeout longer than a handshake’s default takes its place', async (t) => {
  const { address, peers } = await rawListener(t)
  const connecting = connect(address, { authkey: 'secret', timeout: 600_000 })
  // The default is ten seconds.
  await new Promise((resolve) => setTimeout(resolve, 10_500))
  t.false(peers[0]!.ended)
  peers[0]!.say('too late to be a challenge')
  await t.throwsAsync(connecting, { instanceOf: AuthenticationError })
})

/** A listener whose queue is full, so that no further client can connect. */
async function fullListener(t: ExecutionContext): Promise<string> {
  const listener = listen(t, freshPath(t), { backlog: 0 })
  try {
    for (;;) closeAfter(t, await connect(listener.address, { timeout: 100 }))
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error
  }
  return listener.address as string
}

if (process.platform === 'linux') {
  test('timeout bounds the wait for a listener whose queue is full', async (t) => {
    const address = await fullListener(t)
    const expected = { instanceOf: TimeoutError, code: 'ERR_CAROM_TIMEOUT' }
    await t.throwsAsync(() => connect(address, { timeout: 20 }), expected)
    t.throws(() => connectSync(address, { timeout: 20 }), expected)
    await t.throwsAsync(() => connect(address, { timeout: 0 }), expected)
  })

  test('an abort ends the wait for a listener whose queue is full', async (t) => {
    const address = await fullListener(t)
    const before = openDescriptors()
    const controller = new AbortController()
    const connecting = connect(address, { signal: controller.signal })
    await turns(5)
    const reason = new Error('enough')
    controller.abort(reason)
    t.is(await t.throwsAsync(connecting), reason)
    await expectNoMoreDescriptorsThan(before)
  })

  test('a client whose listener has a full queue gets through when there is room', async (t) => {
    const listener = listen(t, freshPath(t), { backlog: 1 })
    const clients = Array.from({ length: 20 }, () => connect(listener.address))
    for (let n = 0; n < clients.length; n++) closeAfter(t, await listener.accept())
    for (const client of clients) closeAfter(t, await client)
    t.pass()
  })
}

test('an abort in the middle of the handshake rejects with the reason, and leaves no descriptor', async (t) => {
  const { address, peers } = await rawListener(t)
  const before = openDescriptors()
  const controller = new AbortController()
  const connecting = connect(address, { ...KEYED, signal: controller.signal })
  while (peers.length === 0) await turns(1)
  const reason = new Error('enough')
  controller.abort(reason)
  t.is(await t.throwsAsync(connecting), reason)
  await peers[0]!.untilEnded()
  await expectNoMoreDescriptorsThan(before)
  t.is(getEventListeners(controller.signal, 'abort').length, 0)
})

test('connect with a signal that is aborted already reaches no listener', async (t) => {
  const { address, peers } = await rawListener(t)
  const reason = new Error('before')
  t.is(await t.throwsAsync(() => connect(address, { signal: AbortSignal.abort(reason) })), reason)
  await turns(5)
  t.is(peers.length, 0)
})

test('an abort after connecting changes nothing', async (t) => {
  const listener = listen(t)
  const controller = new AbortController()
  const [client, server] = await connected(t, listener, { signal: controller.signal })
  controller.abort()
  await client.send('after')
  t.is(await server.recv(), 'after')
  t.is(getEventListeners(controller.signal, 'abort').length, 0)
})

test('many connects that are aborted at any moment leave no descriptor', async (t) => {
  const listener = listen(t, undefined, KEYED)
  const before = openDescriptors()
  const controllers = Array.from({ length: 60 }, () => new AbortController())
  const serving = (async () => {
    for await (const connection of listener) void connection.close()
  })()
  const connecting = controllers.map(({ signal }) => connect(listener.address, { ...KEYED, signal }))
  const outcomes = Promise.allSettled(connecting)
  for (const controller of controllers) {
    await turns(1)
    controller.abort()
  }
  for (const outcome of await outcomes) if (outcome.status === 'fulfilled') await outcome.value.close()
  await listener.close()
  await serving
  await expectNoMoreDescriptorsThan(before)
  t.pass()
})

test('a message right behind the handshake is received, whole or in parts', async (t) => {
  const parts = [frame('first'), frame(''), frame(patterned(100_000)), frame('half').subarray(0, 6)]
  const { address, peers } = await rawListener(t, async (peer) => {
    await askForProof(peer)
    peer.say(WELCOME)
    peer.say(modernAnswer('secret', await hearChallenge(peer)))
    await peer.hear()
    peer.socket.write(Buffer.concat(parts))
  })
  const client = await connect(address, KEYED)
  closeAfter(t, client)
  t.is((await client.recvBytes()).toString(), 'first')
  t.is((await client.recvBytes()).length, 0)
  t.true((await client.recvBytes()).equals(patterned(100_000)))
  peers[0]!.socket.write(frame('half').subarray(6))
  t.is((await client.recvBytes()).toString(), 'half')
})

test('messages in the same segment as the client’s last verdict are received', async (t) => {
  const listener = listen(t, undefined, KEYED)
  const accepting = listener.accept()
  const peer = await rawPeer(t, listener.address)
  await prove(peer, 'secret')
  await askForProof(peer)
  peer.socket.write(Buffer.concat([frame(WELCOME), frame('first'), frame('second'), frame('end').subarray(0, 5)]))
  const server = await accepting
  closeAfter(t, server)
  t.is((await server.recvBytes()).toString(), 'first')
  t.is(server.recvBytesSync().toString(), 'second')
  t.is(server.tryRecvBytes(), undefined)
  peer.socket.write(frame('end').subarray(5))
  t.is((await server.recvBytes()).toString(), 'end')
})

test('a message that either end sends right after the handshake is received', async (t) => {
  const listener = listen(t, undefined, KEYED)
  const ends = [listener.accept(), connect(listener.address, KEYED)].map(async (end) => {
    const connection = await end
    closeAfter(t, connection)
    connection.sendSync('at once')
    return connection
  })
  for (const end of await Promise.all(ends)) t.is(await end.recv(), 'at once')
})
