import test from 'ava'
import { AuthenticationError, connect } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import {
  askForProof,
  challenge,
  type DigestName,
  DIGESTS,
  FAILURE,
  hearChallenge,
  KEY,
  KEYED,
  legacyAnswer,
  legacyMessage,
  mac,
  modernAnswer,
  modernMessage,
  prove,
  WELCOME,
} from './handshakes.ts'
import { listen, livesOn, rawListener, rawPeer, refusal } from './listeners.ts'
import { closeAfter } from './pairs.ts'
import { watch } from './until.ts'

checkDescriptors(test)

const digests = Object.keys(DIGESTS) as DigestName[]

for (const digest of digests) {
  test(`a client may answer with ${digest}, and be answered with it`, async (t) => {
    const listener = listen(t, undefined, KEYED)
    const accepting = listener.accept()
    const peer = await rawPeer(t, listener.address)
    const answer = (key: string, message: Uint8Array): Buffer => modernAnswer(key, message, digest)
    t.is(await prove(peer, KEY, answer), WELCOME)
    const message = modernMessage(digest)
    t.deepEqual(await askForProof(peer, message), answer(KEY, message))
    peer.say(WELCOME)
    closeAfter(t, await accepting)
  })

  test(`both ends may accept ${digest} only`, async (t) => {
    const options = { ...KEYED, digests: [digest] }
    const listener = listen(t, undefined, options)
    await livesOn(t, listener, options)
    const peer = await rawPeer(t, listener.address)
    watch(listener.accept())
    t.is((await hearChallenge(peer)).toString('latin1').split('}')[0], `{${digest}`)
  })
}

test('a legacy client, which knows nothing but MD5, is understood', async (t) => {
  const listener = listen(t, undefined, KEYED)
  const accepting = listener.accept()
  const peer = await rawPeer(t, listener.address)
  t.is(await prove(peer, KEY, legacyAnswer), WELCOME)
  const message = legacyMessage()
  t.deepEqual(await askForProof(peer, message), legacyAnswer(KEY, message))
  peer.say(WELCOME)
  closeAfter(t, await accepting)
})

test('a legacy listener is understood', async (t) => {
  const { address } = await rawListener(t, async (peer) => {
    const message = legacyMessage()
    t.deepEqual(await askForProof(peer, message), legacyAnswer(KEY, message))
    peer.say(WELCOME)
    peer.say(legacyAnswer(KEY, await hearChallenge(peer)))
  })
  closeAfter(t, await connect(address, KEYED))
})

test('legacy peers are kept out by digests without md5', async (t) => {
  const options = { ...KEYED, digests: digests.filter((digest) => digest !== 'md5') }
  const listener = listen(t, undefined, options)
  const refused = refusal(listener)
  watch(listener.accept())
  const peer = await rawPeer(t, listener.address)
  t.is(await prove(peer, KEY, legacyAnswer), FAILURE)
  t.like((await refused).error, { reason: 'legacy-refused' })

  const { address } = await rawListener(t, (raw) => raw.say(challenge(legacyMessage())))
  const error = await t.throwsAsync(() => connect(address, options), { instanceOf: AuthenticationError })
  t.is(error?.reason, 'legacy-refused')
})

test('a digest that is not accepted is refused, both ways', async (t) => {
  const options = { ...KEYED, digests: ['sha256', 'sha384'] as const }
  const listener = listen(t, undefined, { ...options, digests: [...options.digests] })
  const refused = refusal(listener)
  watch(listener.accept())
  const peer = await rawPeer(t, listener.address)
  const answer = (key: string, message: Uint8Array): Buffer => modernAnswer(key, message, 'sha3_256')
  t.is(await prove(peer, KEY, answer), FAILURE)
  t.like((await refused).error, { reason: 'digest-refused' })

  const { address } = await rawListener(t, (raw) => raw.say(challenge(modernMessage('md5'))))
  const error = await t.throwsAsync(() => connect(address, { ...options, digests: [...options.digests] }), {
    instanceOf: AuthenticationError,
  })
  t.is(error?.reason, 'digest-refused')
})

test('Red Hat’s dialect is spoken on request, in both roles', async (t) => {
  const options = { ...KEYED, dialect: 'redhat' as const }
  const answer = (key: string, message: Uint8Array): Buffer => mac('sha256', key, message)
  const listener = listen(t, undefined, options)
  const accepting = listener.accept()
  const peer = await rawPeer(t, listener.address)
  const challenged = await hearChallenge(peer)
  t.is(challenged.length, 20)
  peer.say(answer(KEY, challenged))
  t.is((await peer.hear()).toString(), WELCOME)
  const message = legacyMessage()
  t.deepEqual(await askForProof(peer, message), answer(KEY, message))
  peer.say(WELCOME)
  closeAfter(t, await accepting)

  await livesOn(t, listener, options)
})
