import { inspect } from 'node:util'
import test from 'ava'
import { AuthenticationError, connect, connectSync, EOFError, TimeoutError, type ConnectOptions } from 'carom'
import { endedWell, startChild, untilPrinted } from './children.ts'
import { checkDescriptors } from './descriptors.ts'
import { askForProof, FAILURE, hearChallenge, KEY, KEYED, modernAnswer, WELCOME } from './handshakes.ts'
import { connected, freshPath, listen, livesOn, rawListener, rawPeer, refusal } from './listeners.ts'
import { closeAfter } from './pairs.ts'
import { watch } from './until.ts'

checkDescriptors(test)

const utf8 = Buffer.from('schlüssel', 'utf8')
const padded = Buffer.concat([Buffer.from('xx'), utf8, Buffer.from('xx')])
const keys: [string, NonNullable<ConnectOptions['authkey']>][] = [
  ['a string', 'schlüssel'],
  ['a Buffer', utf8],
  ['a Uint8Array', new Uint8Array(utf8)],
  ['a part of a buffer', new Uint8Array(padded.buffer, padded.byteOffset + 2, utf8.length)],
  ['a DataView', new DataView(new Uint8Array(utf8).buffer)],
  ['an ArrayBuffer', new Uint8Array(utf8).buffer],
]
for (const [form, authkey] of keys) {
  test(`${form} is a key: its bytes, or its UTF-8`, async (t) => {
    const listener = listen(t, undefined, { ...KEYED, authkey })
    const [client, server] = await connected(t, listener, { ...KEYED, authkey: 'schlüssel' })
    await client.send('in')
    t.is(await server.recv(), 'in')
  })
}

test('a key may be long, and may have any bytes', async (t) => {
  const authkey = Buffer.from(Array.from({ length: 1000 }, (_, n) => n % 256))
  await connected(t, listen(t, undefined, { ...KEYED, authkey }), { ...KEYED, authkey })
  t.pass()
})

test('a key that is changed afterwards is the key that it was', async (t) => {
  const authkey = Buffer.from(KEY)
  const listener = listen(t, undefined, { ...KEYED, authkey })
  authkey.fill(0)
  await livesOn(t, listener)
})

test('a client with another key is refused at both ends, and the listener waits for the next one', async (t) => {
  const listener = listen(t, undefined, KEYED)
  const refused = refusal(listener)
  const accepting = listener.accept()
  const error = await t.throwsAsync(() => connect(listener.address, { ...KEYED, authkey: 'another' }), {
    instanceOf: AuthenticationError,
    code: 'ERR_CAROM_AUTHENTICATION',
  })
  t.is(error?.reason, 'rejected')
  t.true(error?.message.includes(String(listener.address)))
  t.like((await refused).error, { code: 'ERR_CAROM_AUTHENTICATION', reason: 'wrong-answer' })
  t.true((await refused).error instanceof AuthenticationError)

  const client = await connect(listener.address, KEYED)
  closeAfter(t, client)
  closeAfter(t, await accepting)
})

test('the authenticationFailure event has the address of the refused peer', async (t) => {
  const listener = listen(t, { host: '127.0.0.1', port: 0 }, KEYED)
  const refused = refusal(listener)
  const accepting = watch(listener.accept())
  const peer = await rawPeer(t, listener.address)
  peer.say('no answer')
  t.deepEqual((await refused).address, { host: '127.0.0.1', port: peer.socket.localPort! })
  t.false(accepting.settled)
})

test('a key is in no error, on neither side', async (t) => {
  const authkey = 'do-not-print-this'
  const listener = listen(t, undefined, { ...KEYED, authkey })
  const refused = refusal(listener)
  watch(listener.accept())
  const error = await t.throwsAsync(() => connect(listener.address, { ...KEYED, authkey: 'nor-this-one' }), {
    any: true,
  })
  const shown = inspect([error, (await refused).error, listener], { depth: 10, showHidden: true })
  t.notRegex(shown, /do-not-print-this|nor-this-one/)
})

test('a refused client breaks nothing where no handler listens for the event', async (t) => {
  const listener = listen(t, undefined, KEYED)
  const accepting = listener.accept()
  await t.throwsAsync(() => connect(listener.address, { ...KEYED, authkey: 'another' }), {
    instanceOf: AuthenticationError,
  })
  closeAfter(t, await connect(listener.address, KEYED))
  closeAfter(t, await accepting)
})

test('an error thrown by an authenticationFailure handler is uncaught, and the listener lives on', async (t) => {
  const child = startChild(t, 'throw-in-handler.ts', { args: [freshPath(t)] })
  t.like(await child.ended, { ...endedWell, stdout: 'uncaught: thrown in the handler\naccepted\n' })
})

test('a handler of the refused peers may close the listener', async (t) => {
  const listener = listen(t, undefined, KEYED)
  listener.on('authenticationFailure', () => void listener.close())
  const accepting = listener.accept()
  const peer = await rawPeer(t, listener.address)
  peer.say('no answer')
  await t.throwsAsync(accepting, { code: 'ERR_CAROM_CONNECTION_CLOSED' })
})

test('acceptSync throws for a peer with another key, and the listener lives on', async (t) => {
  const listener = listen(t, freshPath(t), KEYED)
  const connectOptions = JSON.stringify({ ...KEYED, authkey: 'another' })
  for (const mode of ['async', 'sync']) {
    const child = startChild(t, 'connect.ts', { args: [JSON.stringify(listener.address), connectOptions, mode] })
    const error = t.throws(() => listener.acceptSync(), { instanceOf: AuthenticationError })
    t.is(error?.reason, 'wrong-answer')
    t.is((await child.ended).stdout, 'ERR_CAROM_AUTHENTICATION: 1\n')
  }
  await livesOn(t, listener)
  const child = startChild(t, 'connect.ts', {
    args: [JSON.stringify(listener.address), JSON.stringify(KEYED), 'sync'],
  })
  const server = listener.acceptSync()
  server.sendSync(server.recvSync())
  await server.close()
  t.is((await child.ended).stdout, 'answered: 1\n')
})

test('acceptSync throws for a peer that says nothing within handshakeTimeout, and for one that closes', async (t) => {
  const hasty = listen(t, undefined, { authkey: KEY, handshakeTimeout: 30 })
  await rawPeer(t, hasty.address)
  t.throws(() => hasty.acceptSync(), { instanceOf: TimeoutError })
  const patient = listen(t, undefined, { authkey: KEY, handshakeTimeout: 600_000 })
  const peer = await rawPeer(t, patient.address)
  // The end is on its way once this is called.
  await new Promise<void>((resolve) => peer.socket.end(resolve))
  t.throws(() => patient.acceptSync(), { instanceOf: EOFError })
})

test('connectSync with another key throws', async (t) => {
  const path = freshPath(t)
  for (const mode of ['async', 'sync']) {
    const child = startChild(t, 'listen.ts', { args: [JSON.stringify(path), JSON.stringify(KEYED), mode] })
    await untilPrinted(child, 'listening')
    const error = t.throws(() => connectSync(path, { ...KEYED, authkey: 'another' }), {
      instanceOf: AuthenticationError,
    })
    t.is(error?.reason, 'rejected')
    const client = connectSync(path, KEYED)
    await client.close()
    t.is((await child.ended).stdout, 'listening\nrefused: ERR_CAROM_AUTHENTICATION\n')
  }
})

test('a listener that welcomes every client without knowing the key is found out', async (t) => {
  const { address } = await rawListener(t, async (peer) => {
    await askForProof(peer)
    peer.say(WELCOME)
    peer.say(modernAnswer('guessed', await hearChallenge(peer)))
    t.is((await peer.hear()).toString(), FAILURE)
  })
  const error = await t.throwsAsync(() => connect(address, KEYED), { instanceOf: AuthenticationError })
  t.is(error?.reason, 'wrong-answer')
})

// One end has a key and the other has none.

test('a client without a key is refused by a listener with one, when it sends its first message', async (t) => {
  const listener = listen(t, undefined, KEYED)
  const refused = refusal(listener)
  watch(listener.accept())
  const client = await connect(listener.address)
  closeAfter(t, client)
  await client.send('hello')
  t.is((await refused).error.code, 'ERR_CAROM_AUTHENTICATION')
  t.regex((await client.recvBytes()).toString(), /^#CHALLENGE#/)
  t.is((await client.recvBytes()).toString(), FAILURE)
  await t.throwsAsync(() => client.recv(), { instanceOf: EOFError })
})

test('a client without a key that says nothing is refused after handshakeTimeout', async (t) => {
  const listener = listen(t, undefined, { authkey: KEY, handshakeTimeout: 30 })
  const refused = refusal(listener)
  watch(listener.accept())
  const client = await connect(listener.address)
  closeAfter(t, client)
  t.true((await refused).error instanceof TimeoutError)
})

test('a client with a key times out at a listener without one, which notices nothing', async (t) => {
  const listener = listen(t)
  const accepting = listener.accept()
  const error = await t.throwsAsync(() => connect(listener.address, { authkey: KEY, handshakeTimeout: 30 }), {
    instanceOf: TimeoutError,
  })
  t.regex(error?.message ?? '', /authkey/)
  const server = await accepting
  closeAfter(t, server)
  await t.throwsAsync(() => server.recv(), { instanceOf: EOFError })
})

test('a client with a key tells a listener’s first message from a challenge', async (t) => {
  const listener = listen(t)
  const serving = (async () => {
    const server = await listener.accept()
    closeAfter(t, server)
    await server.send('welcome to this server')
  })()
  const error = await t.throwsAsync(() => connect(listener.address, KEYED), {
    instanceOf: AuthenticationError,
  })
  t.is(error?.reason, 'not-a-challenge')
  t.regex(error?.message ?? '', /authkey/)
  await serving
})

test('mismatches are found by the sync calls too', async (t) => {
  const path = freshPath(t)
  const options = (given: object): string => JSON.stringify({ handshakeTimeout: 1000, ...given })
  const listening = startChild(t, 'listen.ts', { args: [JSON.stringify(path), options({}), 'sync'] })
  await untilPrinted(listening, 'listening')
  t.throws(() => connectSync(path, { authkey: KEY, handshakeTimeout: 30 }), { instanceOf: TimeoutError })
  t.is((await listening.ended).code, 0)

  const listener = listen(t, path, KEYED)
  const child = startChild(t, 'connect.ts', { args: [JSON.stringify(path), '{}', 'sync'] })
  t.throws(() => listener.acceptSync(), { instanceOf: AuthenticationError })
  await child.ended
})
