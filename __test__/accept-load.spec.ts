import test, { type ExecutionContext } from 'ava'
import { connect, EOFError, TimeoutError, type Address, type Connection, type ListenerOptions } from 'carom'
import { fixture, startChild, startProgram, untilPrinted, wellWith } from './children.ts'
import { checkDescriptors } from './descriptors.ts'
import { askForProof, hearChallenge, KEY, KEYED, modernAnswer, WELCOME } from './handshakes.ts'
import { freshPath, KINDS, listen, rawPeer } from './listeners.ts'
import type { RawPeer } from './raw-peer.ts'
import { closeAfter, pair } from './pairs.ts'
import { until, watch } from './until.ts'

checkDescriptors(test)

async function serve(connection: Connection): Promise<void> {
  for await (const message of connection) await connection.send(message)
  await connection.close()
}

const CHILDREN = 4

for (const authkey of [undefined, KEY]) {
  for (const [kind, make] of KINDS) {
    if (!['a Unix socket path', 'TCP over IPv4'].includes(kind)) continue
    const key = authkey ? 'a key' : 'no key'
    test.serial(`2,000 clients that connect to ${kind} at once, with ${key}, all get through`, async (t) => {
      const options: ListenerOptions = authkey ? { authkey } : {}
      const listener = listen(t, make(t), { ...options, backlog: 4096, handshakeTimeout: 600_000 })
      listener.on('authenticationFailure', (error) => t.fail(error.message))
      const serving = (async () => {
        for await (const connection of listener) void serve(connection)
      })()
      const connectOptions = JSON.stringify({ ...options, handshakeTimeout: 600_000 })
      const args = [JSON.stringify(listener.address), connectOptions, 'async', String(2000 / CHILDREN)]
      const children = Array.from({ length: CHILDREN }, () => startChild(t, 'connect.ts', { args }))
      for (const child of children) t.like(await child.ended, wellWith(`answered: ${2000 / CHILDREN}\n`))
      await listener.close()
      await serving
    })
  }
}

/** A hundred peers that connect and say nothing. */
function silentPeers(t: ExecutionContext, address: Address): Promise<RawPeer[]> {
  return Promise.all(Array.from({ length: 100 }, () => rawPeer(t, address)))
}

test('a hundred peers that say nothing do not delay an honest one', async (t) => {
  const listener = listen(t, freshPath(t), { authkey: KEY, handshakeTimeout: 600_000 })
  listener.on('authenticationFailure', (error) => t.fail(error.message))
  const accepting = listener.accept()
  const silent = await silentPeers(t, listener.address)
  for (const peer of silent) await hearChallenge(peer)

  const client = await connect(listener.address, KEYED)
  closeAfter(t, client)
  const server = await accepting
  closeAfter(t, server)
  await client.send('honest')
  t.is(await server.recv(), 'honest')
  t.true(silent.every(({ ended }) => !ended))

  // Accepts that wait for the listener to go on see its end.
  await listener.close()
  for (const peer of silent) await peer.untilEnded()
})

test('a hundred silent peers each end after handshakeTimeout, and each is an authenticationFailure event', async (t) => {
  const listener = listen(t, freshPath(t), { authkey: KEY, handshakeTimeout: 100 })
  const refused: Error[] = []
  listener.on('authenticationFailure', (error) => refused.push(error))
  const accepting = watch(listener.accept())
  const silent = await silentPeers(t, listener.address)
  for (const peer of silent) await peer.untilEnded()
  await until(() => refused.length === 100, 'not every silent peer was an event')
  t.true(refused.every((error) => error instanceof TimeoutError))
  t.false(accepting.settled)
})

test('handshakeTimeout is for a handshake, not for the connection', async (t) => {
  const listener = listen(t, freshPath(t), { authkey: KEY, handshakeTimeout: 5000 })
  const accepting = listener.accept()
  const client = await connect(listener.address, { authkey: KEY, handshakeTimeout: 5000 })
  closeAfter(t, client)
  const server = await accepting
  closeAfter(t, server)
  t.false(await server.poll(5200))
  await client.send('late')
  t.is(await server.recv(), 'late')
})

test('an authenticated client whose accept was aborted is given to the next accept', async (t) => {
  const listener = listen(t, freshPath(t), KEYED)
  for (let n = 0; n < 10; n++) {
    const controller = new AbortController()
    const accepting = listener.accept({ signal: controller.signal })
    const peer = await rawPeer(t, listener.address)
    // The listener has begun with this peer.
    await hearChallenge(peer)
    peer.socket.destroy()
    const connecting = connect(listener.address, KEYED)
    controller.abort()
    await t.throwsAsync(accepting, { name: 'AbortError', any: true })
    const server = await listener.accept()
    const client = await connecting
    await client.send(n)
    t.is(await server.recv(), n)
    await Promise.all([client.close(), server.close()])
  }
})

test('a peer in the middle of its handshake when the accept is aborted is given to the next accept', async (t) => {
  const listener = listen(t, freshPath(t), KEYED)
  const controller = new AbortController()
  const accepting = listener.accept({ signal: controller.signal })
  const peer = await rawPeer(t, listener.address)
  const message = await hearChallenge(peer)
  controller.abort()
  await t.throwsAsync(accepting, { name: 'AbortError', any: true })
  const next = listener.accept()
  peer.say(modernAnswer(KEY, message))
  t.is((await peer.hear()).toString(), WELCOME)
  await askForProof(peer)
  peer.say(WELCOME)
  closeAfter(t, await next)
})

if (process.platform !== 'win32') {
  test.serial('a listener that runs out of descriptors lives on, and does not spin', async (t) => {
    const path = freshPath(t)
    const [control, childControl] = pair(t)
    const command = `ulimit -n 64; exec "$0" "$@"`
    const args = [process.execPath, ...process.execArgv, fixture('listen-short-of-descriptors.ts'), path]
    const child = startProgram(t, 'sh', ['-c', command, ...args], [childControl])
    await untilPrinted(child, 'listening')
    const clients = await Promise.all(Array.from({ length: 100 }, () => connect(path)))
    for (const client of clients) closeAfter(t, client)

    // Some are accepted, the others wait.
    t.is(await control.recv(), 'short')
    const { accepted, busy } = (await control.recv()) as { accepted: number; busy: number }
    t.true(accepted > 0 && accepted < 100, String(accepted))
    t.true(busy < 0.5, `the processor was busy for ${busy} of the time`)

    // It closes those that it has, so there is room for the others.
    await control.send('go on')
    for (const client of clients) await t.throwsAsync(() => client.recv(), { instanceOf: EOFError })
    const late = await connect(path)
    await t.throwsAsync(() => late.recv(), { instanceOf: EOFError })
    await late.close()
    await control.send('end')
    t.like(await child.ended, { code: 0, stderr: '' })
  })
}
