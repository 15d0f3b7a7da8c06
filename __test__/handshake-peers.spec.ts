import test from 'ava'
import { CaromError, connect, type AuthenticationError } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import {
  askForProof,
  challenge,
  FAILURE,
  hearChallenge,
  KEY,
  KEYED,
  legacyAnswer,
  modernAnswer,
  modernMessage,
  prove,
  WELCOME,
} from './handshakes.ts'
import { listen, rawListener, rawPeer, refusal } from './listeners.ts'
import type { RawPeer } from './raw-peer.ts'
import { closeAfter } from './pairs.ts'
import { turns } from './until.ts'
import { frame, header } from './wire.ts'

checkDescriptors(test)

// The mistakes that a peer may make, towards a listener and towards a client.

interface Wrong {
  title: string
  script: (peer: RawPeer) => unknown
  code: string
  reason?: string
  /** Whether the peer receives the failure message. */
  told?: boolean
}

const wrong = (title: string, script: Wrong['script'], reason: string, told = true): Wrong => ({
  title,
  script,
  code: 'ERR_CAROM_AUTHENTICATION',
  reason,
  told,
})
const ends = (title: string, script: Wrong['script']): Wrong => ({ title, script, code: 'ERR_CAROM_EOF' })

const proved = async (peer: RawPeer): Promise<void> => {
  if ((await prove(peer, KEY)) !== WELCOME) throw new Error('the right answer is refused')
}

const clients: Wrong[] = [
  wrong('answers with text', (peer) => peer.say('GET / HTTP/1.1'), 'not-an-answer'),
  wrong('answers with an empty message', (peer) => peer.say(''), 'not-an-answer'),
  wrong('answers with 257 bytes', (peer) => peer.say(Buffer.alloc(257)), 'too-long', false),
  wrong('announces a gigabyte', (peer) => peer.socket.write(header(2 ** 30)), 'too-long', false),
  wrong('sends a malformed length', (peer) => peer.socket.write(header(-2)), 'malformed-length', false),
  wrong(
    'answers with a MAC under another key',
    async (peer) => peer.say(modernAnswer('x', await hearChallenge(peer))),
    'wrong-answer',
  ),
  wrong(
    'answers with a MAC of another message',
    (peer) => peer.say(modernAnswer(KEY, modernMessage())),
    'wrong-answer',
  ),
  wrong(
    'answers with a legacy MAC under another key',
    async (peer) => peer.say(legacyAnswer('x', await hearChallenge(peer))),
    'wrong-answer',
  ),
  wrong('answers with a digest that is not known', (peer) => peer.say(`{sha512}${'x'.repeat(64)}`), 'not-an-answer'),
  wrong('answers with too short a MAC', (peer) => peer.say('{sha256}short'), 'answer-length'),
  wrong(
    'sends no challenge after a right answer',
    async (peer) => {
      await proved(peer)
      peer.say('hello')
    },
    'not-a-challenge',
    false,
  ),
  wrong(
    'challenges with 19 bytes',
    async (peer) => {
      await proved(peer)
      peer.say(challenge(Buffer.alloc(19)))
    },
    'challenge-too-short',
    false,
  ),
  wrong(
    'challenges without a digest that is known',
    async (peer) => {
      await proved(peer)
      peer.say(challenge(Buffer.from(`{sha1}${'x'.repeat(40)}`)))
    },
    'challenge-unknown',
    false,
  ),
  wrong(
    'sends the listener’s own challenge back',
    async (peer) => {
      const message = await hearChallenge(peer)
      peer.say(modernAnswer(KEY, message))
      await peer.hear()
      peer.say(challenge(message))
    },
    'reflected',
    false,
  ),
  wrong(
    'rejects the listener’s right answer',
    async (peer) => {
      await proved(peer)
      await askForProof(peer)
      peer.say(FAILURE)
    },
    'rejected',
    false,
  ),
  wrong(
    'sends no verdict',
    async (peer) => {
      await proved(peer)
      await askForProof(peer)
      peer.say('maybe')
    },
    'not-a-verdict',
    false,
  ),
  ends('closes at once', (peer) => peer.socket.end()),
  ends('closes inside its answer', (peer) => peer.socket.end(frame('an answer').subarray(0, 7))),
  ends('closes after its answer', async (peer) => {
    await proved(peer)
    peer.socket.end()
  }),
]

for (const { title, script, code, reason, told } of clients) {
  test(`a client that ${title} is refused, and delays no other client`, async (t) => {
    const listener = listen(t, undefined, { authkey: KEY, handshakeTimeout: 600_000 })
    const refused = refusal(listener)
    const accepting = listener.accept()
    const peer = await rawPeer(t, listener.address)
    await script(peer)
    const { error } = await refused
    t.true(error instanceof CaromError)
    t.is(error.code, code)
    t.is((error as Partial<AuthenticationError>).reason, reason)
    await peer.untilEnded()
    if (told) t.true(peer.received.subarray(-FAILURE.length).equals(Buffer.from(FAILURE)))
    const client = await connect(listener.address, KEYED)
    closeAfter(t, client)
    closeAfter(t, await accepting)
  })
}

const listeners: Wrong[] = [
  wrong('challenges with 19 bytes', (peer) => peer.say(challenge(Buffer.alloc(19))), 'challenge-too-short'),
  wrong('challenges with 21 bytes and no digest', (peer) => peer.say(challenge(Buffer.alloc(21))), 'challenge-unknown'),
  wrong('sends 257 bytes', (peer) => peer.say(challenge(Buffer.alloc(246))), 'too-long'),
  wrong(
    'sends no verdict',
    async (peer) => {
      await askForProof(peer)
      peer.say('perhaps')
    },
    'not-a-verdict',
  ),
  wrong(
    'sends the client’s own challenge back',
    async (peer) => {
      await askForProof(peer)
      peer.say(WELCOME)
      peer.say(challenge(await hearChallenge(peer)))
    },
    'not-an-answer',
  ),
  ends('closes after the client’s answer', async (peer) => {
    await askForProof(peer)
    peer.socket.end()
  }),
  ends('closes instead of its own answer', async (peer) => {
    await askForProof(peer)
    peer.say(WELCOME)
    await hearChallenge(peer)
    peer.socket.end()
  }),
]

for (const { title, script, code, reason } of listeners) {
  test(`a listener that ${title} is refused by connect`, async (t) => {
    const { address } = await rawListener(t, script)
    const error = await t.throwsAsync(() => connect(address, { authkey: KEY, handshakeTimeout: 600_000 }), {
      instanceOf: CaromError,
      code,
    })
    t.is((error as Partial<AuthenticationError>).reason, reason)
  })
}

test('a handshake that comes byte by byte is understood', async (t) => {
  const listener = listen(t, undefined, KEYED)
  const accepting = listener.accept()
  const peer = await rawPeer(t, listener.address)
  peer.socket.setNoDelay()
  const slowly = async (body: Uint8Array | string): Promise<void> => {
    for (const byte of frame(body)) {
      peer.socket.write(Uint8Array.of(byte))
      await turns(1)
    }
  }
  await slowly(modernAnswer(KEY, await hearChallenge(peer)))
  t.is((await peer.hear()).toString(), WELCOME)
  const message = modernMessage()
  await slowly(challenge(message))
  t.deepEqual(await peer.hear(), modernAnswer(KEY, message))
  await slowly(WELCOME)
  closeAfter(t, await accepting)
})
