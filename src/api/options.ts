import { type OptionNames, owned } from './option-names.js'
import { constants } from 'node:buffer'

import { boolean, integer, invalidType, outOfRange } from './arguments.js'
import { type CodecOption, coderOf } from '../codecs/codec.js'
import type { Coder } from '../codecs/coder.js'
import { ringSizeOf, TRANSPORT_OPTIONS, type TransportOptions } from './transport.js'

/**
 * How a connection behaves.
 *
 * @example
 * ```ts
 * import { pipe } from 'carom'
 *
 * const [here, there] = pipe({
 *   codec: 'msgpack',
 *   maxMessageSize: 1024 * 1024, // a longer message is a MessageTooLongError
 *   highWaterMark: 64 * 1024, // a send waits while more bytes than that are unsent
 *   spin: 0, // never look for data before sleeping
 *   descriptors: false, // take no open descriptors from the peer
 *   readAhead: false, // take one message at a time from the kernel
 * })
 * await here.send({ n: 1 })
 * console.log(await there.recv()) // { n: 1 }
 * ```
 */
export interface ConnectionOptions extends TransportOptions {
  /** How `send` and `recv` turn values into messages. Default `'structured'`. */
  codec?: CodecOption | undefined
  /** The longest message that is received, in bytes. Default: the maximum length of a `Buffer`. */
  maxMessageSize?: number | undefined
  /** How many accepted bytes may be unsent before a `send` waits. Default 262,144. */
  highWaterMark?: number | undefined
  /**
   * How many microseconds a blocking call looks for data before it sleeps, and the event loop after it has served this connection.
   * Default `'adaptive'`: they look, for at most 50 µs, only while that has lately saved processor time, and never if its affinity
   * or its cgroup's quota allows the program only one processor. `0` never looks.
   *
   * The event loop looks when everything else that was due is done, and stops as soon as anything else happens: no timer, immediate
   * or other handle is delayed by it. Where carom can't ask the event loop (Bun, Deno, Windows), it doesn't look.
   */
  spin?: number | 'adaptive' | undefined
  /**
   * Whether to accept connections, listeners and `Handle`s that the peer sends over a Unix socket: in its messages, with the codec
   * `'structured'`, or for `recvHandle`. Default `true`. With `false`, a peer that sends one gets `EPERM` where the kernel can
   * refuse it (Linux 6.16); elsewhere it is closed. Sending them needs no option.
   */
  descriptors?: boolean | undefined
  /**
   * Whether to take more from the kernel than the message that a call asked for. Default `true`. With `false`, `poll` and `wait`
   * take nothing: like CPython's, they only say whether bytes are there; and a receive that has taken a message's header finishes
   * the message, whatever its signal says. Use `false` for an end from which several processes receive in turn, under a lock of
   * their own: otherwise each keeps what it has read ahead.
   */
  readAhead?: boolean | undefined
}

export const CONNECTION_OPTIONS: Record<keyof ConnectionOptions, true> = {
  codec: true,
  maxMessageSize: true,
  highWaterMark: true,
  spin: true,
  descriptors: true,
  readAhead: true,
  ...TRANSPORT_OPTIONS,
}

/** Options that have been checked, and their defaults filled in. */
export interface Settings {
  coder: Coder
  /** The codec's name; `undefined` for a custom codec. */
  codec: string | undefined
  maxMessageSize: number
  highWaterMark: number
  /** Microseconds; negative is adaptive. */
  spin: number
  /** The descriptors that the connection takes. */
  descriptors: Descriptors
  readAhead: boolean
  /** The bytes of shared memory for each direction; 0 if messages go through the descriptor. */
  ringSize: number
}

/** The descriptors of its peer's that a connection takes; it closes others, where the kernel does not refuse them. */
export const Descriptors = {
  None: 0,
  /** Those outside the framing, by `recvHandle`: its codec has no connections in messages. */
  Handles: 1,
  InMessages: 2,
} as const
export type Descriptors = (typeof Descriptors)[keyof typeof Descriptors]

/** A longer spin would be a hang. */
const SPIN_MAX = 1_000_000

/** `given` may have other options beside those of a connection: its names have been checked. */
export function settings(given: ConnectionOptions = {}): Settings {
  const { codec, maxMessageSize = constants.MAX_LENGTH, highWaterMark = 256 * 1024, spin = 'adaptive' } = given
  const { descriptors = true, readAhead = true } = given
  const coder = coderOf(codec)
  const name = typeof codec === 'object' ? coder.name : (codec ?? 'structured')
  return {
    coder,
    codec: name,
    maxMessageSize:
      maxMessageSize === Infinity
        ? constants.MAX_LENGTH
        : integer('maxMessageSize', maxMessageSize, 0, Number.MAX_SAFE_INTEGER),
    highWaterMark:
      highWaterMark === Infinity ? Infinity : integer('highWaterMark', highWaterMark, 0, Number.MAX_SAFE_INTEGER),
    spin: spin === 'adaptive' ? -1 : microseconds(spin),
    descriptors: taken(boolean('descriptors', descriptors), name),
    readAhead: boolean('readAhead', readAhead),
    ringSize: ringSizeOf(given, readAhead),
  }
}

/** The options from which `settings` makes the same again, where the codec has a name. */
export function optionsOf({
  codec,
  maxMessageSize,
  highWaterMark,
  spin,
  descriptors,
  readAhead,
  ringSize,
}: Settings): ConnectionOptions {
  return {
    codec: codec as CodecOption,
    maxMessageSize,
    highWaterMark,
    spin: spin < 0 ? 'adaptive' : spin,
    descriptors: descriptors !== Descriptors.None,
    readAhead,
    ...(ringSize > 0 && { transport: 'shared-memory', ringSize }),
  }
}

/** As `optionsOf`, for an object that came by a connection with these settings: `shared`, it has shared memory of its own. */
export function optionsOfArrival(carrier: Settings, shared: boolean): ConnectionOptions {
  const { transport: _, ringSize, ...rest } = optionsOf(carrier)
  return shared ? { ...rest, readAhead: true, transport: 'shared-memory', ringSize } : rest
}

function taken(descriptors: boolean, codec: string | undefined): Descriptors {
  if (!descriptors) return Descriptors.None
  return codec === 'structured' ? Descriptors.InMessages : Descriptors.Handles
}

function microseconds(spin: unknown): number {
  if (typeof spin !== 'number') throw invalidType('spin', "a number of microseconds or 'adaptive'", spin)
  if (!(spin >= 0 && spin <= SPIN_MAX)) throw outOfRange('spin', `from 0 to ${SPIN_MAX} microseconds`, spin)
  return spin
}

/**
 * The directions in which a descriptor is used; by default, those for which it was opened.
 *
 * @example
 * ```ts
 * import { Connection, pipe } from 'carom'
 *
 * const [here, there] = pipe()
 * const sender = Connection.fromFd(here.detach(), { readable: false, writable: true })
 * await sender.send('one way')
 * console.log(sender.readable, await there.recv()) // false one way
 * ```
 */
export interface Directions {
  /** Whether it receives. Default: whether the descriptor was opened for that. */
  readable?: boolean | undefined
  /** Whether it sends. Default: whether the descriptor was opened for that. */
  writable?: boolean | undefined
}

export function directions({ readable, writable }: Directions): Directions {
  if (readable !== undefined) boolean('readable', readable)
  if (writable !== undefined) boolean('writable', writable)
  return { readable, writable }
}

export const CONNECTION_FROM_FD: OptionNames<ConnectionOptions & Directions> = owned('Connection.fromFd', {
  ...CONNECTION_OPTIONS,
  readable: true,
  writable: true,
})
