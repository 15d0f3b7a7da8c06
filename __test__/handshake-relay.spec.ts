// A listener that does not know the key, and has clients that do answer each other's challenges.

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import test from 'ava'
import { AuthenticationError, connect, type Connection } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { askForProof, challenge, hearChallenge, KEY, KEYED, WELCOME } from './handshakes.ts'
import { connected, listen, rawListener } from './listeners.ts'
import type { RawPeer } from './raw-peer.ts'
import { until } from './until.ts'

checkDescriptors(test)

/** Has a client challenge its listener; resolves with the answer that the listener would have to give. */
async function challengeOf(peer: RawPeer): Promise<Buffer> {
  await askForProof(peer)
  peer.say(WELCOME)
  return hearChallenge(peer)
}

test('a client does not answer the challenge of another client of its process', async (t) => {
  const { address, peers } = await rawListener(t)
  const asking = connect(address, { authkey: KEY, handshakeTimeout: 600_000 })
  await until(() => peers.length === 1, 'a client was expected to connect')
  const message = await challengeOf(peers[0]!)
  const answering = connect(address, { authkey: KEY, handshakeTimeout: 600_000 })
  await until(() => peers.length === 2, 'a client was expected to connect')
  peers[1]!.say(challenge(message))
  const error = await t.throwsAsync(answering, {
    instanceOf: AuthenticationError,
    message: /does not know the authkey/,
  })
  t.is(error.reason, 'reflected')
  peers[0]!.socket.end()
  await t.throwsAsync(asking, { code: 'ERR_CAROM_EOF' })
})

test('a client in another thread of the process does not answer it either', async (t) => {
  const { address, peers } = await rawListener(t)
  const asking = connect(address, { authkey: KEY, handshakeTimeout: 600_000 })
  await until(() => peers.length === 1, 'a client was expected to connect')
  const message = await challengeOf(peers[0]!)
  const worker = new Worker(new URL('./fixtures/connecting-worker.ts', import.meta.url), {
    execArgv: process.execArgv,
    workerData: { address, ...KEYED },
  })
  const told = once(worker, 'message')
  await until(() => peers.length === 2, 'a client was expected to connect')
  peers[1]!.say(challenge(message))
  t.deepEqual(await told, ['reflected'])
  await worker.terminate()
  peers[0]!.socket.end()
  await t.throwsAsync(asking, { code: 'ERR_CAROM_EOF' })
})

test('clients and listeners of one process authenticate each other, many at a time', async (t) => {
  const listeners = Array.from({ length: 8 }, () => listen(t, undefined, KEYED))
  const pairs: [Connection, Connection][] = await Promise.all(
    listeners.flatMap((listener) => [1, 2, 3].map(() => connected(t, listener, KEYED))),
  )
  t.is(pairs.length, 24)
})
