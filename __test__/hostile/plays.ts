// The things that a peer can do wrong in a handshake, step by step, each with the reason for which it is to be refused.

import type { Family } from 'carom'
import { header } from '../wire.ts'
import { answerTo, type BarePeer, CHALLENGE, FAILURE, modernChallenge, WELCOME } from './bare-peer.ts'

export const KEY = Buffer.from('a key that no peer guesses')

export interface Play {
  title: string
  /** The refusal: an error's reason, or its code where it has none. `undefined`: the peer is let in. */
  refusal: string | undefined
  /** Another possible outcome: the connection was reset before `connect` had seen it made. */
  or?: string
  /** Only over this family. */
  family?: Family
  play: (peer: BarePeer, earlier: Earlier) => Promise<void> | void
}

/** Messages of an earlier handshake that an eavesdropper has heard. */
export interface Earlier {
  answer: Buffer
}

/** The message that the listener reads as the first that an application sent. */
export const FIRST = 'the first message'

const EOF = 'ERR_CAROM_EOF'
const TIMEOUT = 'ERR_CAROM_TIMEOUT'

const challenge = (random: Uint8Array = modernChallenge()): Buffer => Buffer.concat([Buffer.from(CHALLENGE), random])
const half = (message: Buffer): Buffer =>
  Buffer.concat([header(message.length), message.subarray(0, message.length >> 1)])

/** Answers our challenge as one that knows the key. */
async function answer(peer: BarePeer): Promise<void> {
  peer.send(answerTo(KEY, await peer.receiveChallenge()))
}

/** The first half of a client's part, up to its challenge. */
async function welcomed(peer: BarePeer): Promise<void> {
  await answer(peer)
  await peer.receive()
}

/** Messages that are wrong at any step: each with its name and its bytes. */
const broken: [string, Uint8Array | string, string][] = [
  ['a length of 257 bytes', Buffer.concat([header(257), Buffer.alloc(257)]), 'too-long'],
  ['a length of 2 GiB', Buffer.concat([header(0x7fffffff), Buffer.alloc(100)]), 'too-long'],
  ['a length of −1', header(-1), 'malformed-length'],
  ['a length of −2', header(-2), 'malformed-length'],
  ['the least length there is', header(-0x80000000), 'malformed-length'],
  ['a request of HTTP', 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', 'too-long'],
  ['the greeting of TLS', Buffer.from('160301020001000', 'hex'), 'too-long'],
]

/** How a peer is gone before its message `next` is whole. */
function truncations(at: string, before: (peer: BarePeer) => Promise<unknown> | void, next: Buffer): Play[] {
  const leaves: [string, Uint8Array][] = [
    ['before', Buffer.of()],
    ['in the header of', header(next.length).subarray(0, 3)],
    ['after the header of', header(next.length)],
    ['in', half(next)],
  ]
  return leaves.flatMap(([where, bytes]) => {
    const play = async (peer: BarePeer): Promise<void> => {
      await before(peer)
      if (bytes.length > 0) peer.write(bytes)
    }
    return [
      {
        title: `it closes ${where} ${at}`,
        refusal: EOF,
        play: async (peer: BarePeer) => {
          await play(peer)
          peer.socket.end()
        },
      },
      {
        title: `it resets the connection ${where} ${at}`,
        refusal: EOF,
        or: 'ECONNRESET',
        family: 'AF_INET' as const,
        play: async (peer: BarePeer) => {
          await play(peer)
          // The written bytes have left: only then is there something to reset.
          await new Promise<void>((resolve) => peer.socket.write('', () => resolve()))
          peer.reset()
        },
      },
      { title: `it stalls ${where} ${at}`, refusal: TIMEOUT, play },
    ]
  })
}

function breaks(at: string, before: (peer: BarePeer) => Promise<unknown> | void): Play[] {
  return broken.map(([what, bytes, refusal]) => ({
    title: `it sends ${what} as ${at}`,
    refusal,
    play: async (peer) => {
      await before(peer)
      peer.write(bytes)
    },
  }))
}

function sends(
  title: string,
  refusal: string,
  before: (peer: BarePeer) => Promise<unknown> | void,
  message: Uint8Array | string,
): Play {
  return {
    title,
    refusal,
    play: async (peer) => {
      await before(peer)
      peer.send(message)
    },
  }
}

const ANSWER = answerTo(KEY, modernChallenge())
const nothing = (): void => {}

/** The plays of a client against a listener. */
export const CLIENT_PLAYS: readonly Play[] = [
  ...truncations('its answer', nothing, ANSWER),
  ...breaks('its answer', nothing),
  sends('its answer is empty', 'not-an-answer', nothing, ''),
  sends('its answer is a verdict', 'not-an-answer', nothing, WELCOME),
  sends('its answer is a challenge of its own', 'not-an-answer', nothing, challenge()),
  sends('its answer has a digest that nobody knows', 'not-an-answer', nothing, `{sha512}${'x'.repeat(64)}`),
  sends('its answer is cut short', 'answer-length', nothing, ANSWER.subarray(0, 39)),
  sends('its answer is too long by a byte', 'answer-length', nothing, Buffer.concat([ANSWER, Buffer.of(0)])),
  sends('its answer is of another challenge', 'wrong-answer', nothing, ANSWER),
  sends('its answer is 16 bytes, all 0', 'wrong-answer', nothing, Buffer.alloc(16)),
  sends('its answer is a MAC of 0 bytes', 'answer-length', nothing, '{md5}'),
  {
    title: 'its answer is the challenge sent back',
    refusal: 'not-an-answer',
    play: async (peer) => peer.send(challenge(await peer.receiveChallenge())),
  },
  {
    title: 'its answer is that of a handshake before',
    refusal: 'wrong-answer',
    play: async (peer, earlier) => {
      await peer.receiveChallenge()
      peer.send(earlier.answer)
    },
  },
  {
    title: 'its answer is made with another key',
    refusal: 'wrong-answer',
    play: async (peer) => peer.send(answerTo(Buffer.from('another key'), await peer.receiveChallenge())),
  },
  {
    title: 'it goes on sending, without a look at what comes',
    refusal: 'not-an-answer',
    play: (peer) => {
      peer.write(Buffer.alloc(4 << 20))
    },
  },

  ...truncations('its challenge', welcomed, challenge()),
  ...breaks('its challenge', welcomed),
  sends('it sends a verdict instead of its challenge', 'not-a-challenge', welcomed, WELCOME),
  sends('it answers twice', 'not-a-challenge', welcomed, ANSWER),
  sends('its challenge is empty', 'challenge-too-short', welcomed, CHALLENGE),
  sends('its challenge has 19 bytes', 'challenge-too-short', welcomed, challenge(Buffer.alloc(19))),
  sends('its challenge has 21 bytes and names no digest', 'challenge-unknown', welcomed, challenge(Buffer.alloc(21))),
  sends(
    'its challenge names an unknown digest',
    'challenge-unknown',
    welcomed,
    challenge(Buffer.from(`{sha1}${'x'.repeat(40)}`)),
  ),
  {
    title: 'its challenge is the one that it was sent',
    refusal: 'reflected',
    play: async (peer) => {
      const ours = await peer.receiveChallenge()
      peer.send(answerTo(KEY, ours))
      await peer.receive()
      peer.send(challenge(ours))
    },
  },

  ...truncations('its verdict', answered, Buffer.from(WELCOME)),
  ...breaks('its verdict', answered),
  sends('its verdict is that the answer is wrong', 'rejected', answered, FAILURE),
  sends('its verdict is empty', 'not-a-verdict', answered, ''),
  sends('its verdict is neither', 'not-a-verdict', answered, '#WELCOME!'),
  sends('its verdict has a byte more', 'not-a-verdict', answered, `${WELCOME}\n`),

  {
    title: 'it sends byte by byte',
    refusal: undefined,
    play: async (peer) => {
      const answering = answerTo(KEY, await peer.receiveChallenge())
      await peer.writeBytewise(Buffer.concat([header(answering.length), answering]))
      await peer.receive()
      const challenging = challenge()
      await peer.writeBytewise(Buffer.concat([header(challenging.length), challenging]))
      await peer.receive()
      const last = Buffer.concat([
        header(WELCOME.length),
        Buffer.from(WELCOME),
        header(FIRST.length),
        Buffer.from(FIRST),
      ])
      await peer.writeBytewise(last)
    },
  },
  {
    title: 'it sends all of its part at once, and its first message',
    refusal: undefined,
    play: async (peer) => {
      peer.send(answerTo(KEY, await peer.receiveChallenge()), challenge(), WELCOME, FIRST)
    },
  },
]

/** A client's part, up to its verdict. */
async function answered(peer: BarePeer): Promise<void> {
  await welcomed(peer)
  peer.send(challenge())
  await peer.receive()
}

/** A listener's part, up to its verdict on our answer. */
async function challenged(peer: BarePeer): Promise<void> {
  peer.send(challenge())
  await peer.receive()
}

/** A listener's part, up to its answer. */
async function welcoming(peer: BarePeer): Promise<Buffer> {
  await challenged(peer)
  peer.send(WELCOME)
  return peer.receiveChallenge()
}

/** The plays of a listener against a client. */
export const LISTENER_PLAYS: readonly Play[] = [
  ...truncations('its challenge', nothing, challenge()),
  ...breaks('its challenge', nothing),
  sends('its challenge is empty', 'challenge-too-short', nothing, CHALLENGE),
  sends('its challenge has 19 bytes', 'challenge-too-short', nothing, challenge(Buffer.alloc(19))),
  sends('its challenge has 21 bytes and names no digest', 'challenge-unknown', nothing, challenge(Buffer.alloc(21))),
  sends('it welcomes every client', 'not-a-challenge', nothing, WELCOME),
  sends('it refuses every client', 'not-a-challenge', nothing, FAILURE),
  sends('it sends an empty message', 'not-a-challenge', nothing, ''),
  {
    title: 'it is a server of HTTP',
    refusal: 'too-long',
    play: (peer) => peer.write('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'),
  },
  { title: 'it is a server of SSH', refusal: 'too-long', play: (peer) => peer.write('SSH-2.0-OpenSSH_9.6\r\n') },

  ...truncations('its verdict', challenged, Buffer.from(WELCOME)),
  ...breaks('its verdict', challenged),
  sends('its verdict is that the answer is wrong', 'rejected', challenged, FAILURE),
  sends('its verdict is neither', 'not-a-verdict', challenged, 'welcome'),
  sends('it challenges twice', 'not-a-verdict', challenged, challenge(modernChallenge(1))),
  {
    title: 'it goes on sending, without a look at what comes',
    refusal: 'not-a-verdict',
    play: (peer) => {
      peer.send(challenge())
      peer.write(Buffer.alloc(4 << 20))
    },
  },

  ...truncations('its answer', welcoming, ANSWER),
  ...breaks('its answer', welcoming),
  sends('its answer is empty', 'not-an-answer', welcoming, ''),
  sends('its answer is a verdict', 'not-an-answer', welcoming, WELCOME),
  sends('its answer is of another challenge', 'wrong-answer', welcoming, ANSWER),
  {
    title: 'its answer is that of a handshake before',
    refusal: 'wrong-answer',
    play: async (peer, earlier) => {
      await welcoming(peer)
      peer.send(earlier.answer)
    },
  },
  {
    title: 'its answer is the challenge sent back',
    refusal: 'not-an-answer',
    play: async (peer) => peer.send(challenge(await welcoming(peer))),
  },

  {
    title: 'it sends byte by byte',
    refusal: undefined,
    play: async (peer) => {
      const challenging = challenge()
      await peer.writeBytewise(Buffer.concat([header(challenging.length), challenging]))
      await peer.receive()
      await peer.writeBytewise(Buffer.concat([header(WELCOME.length), Buffer.from(WELCOME)]))
      const answering = answerTo(KEY, await peer.receiveChallenge())
      await peer.writeBytewise(Buffer.concat([header(answering.length), answering]))
      await peer.writeBytewise(Buffer.concat([header(FIRST.length), Buffer.from(FIRST)]))
    },
  },
  {
    title: 'it welcomes before it has seen the answer, and sends its first message with its own',
    refusal: undefined,
    play: async (peer) => {
      peer.send(challenge(), WELCOME)
      await peer.receive()
      peer.send(answerTo(KEY, await peer.receiveChallenge()), FIRST)
    },
  },
]
