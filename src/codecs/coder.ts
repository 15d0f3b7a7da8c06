import type { Memory } from '../connection/memory.js'
import type { Arrived } from '../wire/arrived.js'
import type { TransferList } from '../wire/transferable.js'

/**
 * The outcome of encoding a value: the message is `bytes[start..end]`, behind `parts`. A coder returns the same object each time. It is
 * valid until user code runs, or the coder is called again. The memory of a message of less than 16 KiB may be used again
 * by the next call: such messages are copied when they are sent.
 */
export interface Encoded {
  bytes: Uint8Array
  start: number
  end: number
  /**
   * The parts before `bytes[start..end]`, in this order: memory of the value's own, which is not copied. A part of 16 KiB or more
   * must not be written until it has been sent; shorter ones are copied when they are sent.
   */
  parts?: readonly Uint8Array[] | undefined
  /**
   * The objects in the value that go to the peer beside the message. Where there is a list, if an empty one, the message is for
   * this machine only: it has names that no other one knows.
   */
  transferList: TransferList | undefined
}

export interface EncodeOptions {
  /** Whether connections in the value keep all their options: in the arguments of a process that this one starts. */
  keepOptions?: boolean | undefined
}

/**
 * A codec that works in place.
 *
 * `encode` may run user code (a getter, a proxy), which may send something itself, by the same coder: a call that begins
 * inside another one uses memory and lists of its own.
 */
export interface Coder {
  /**
   * How many bytes of its memory a long message of `size` bytes that begins with `head` should leave free before it, so that
   * numbers in it lie where they can be used in place.
   */
  shift?(head: Uint8Array, size: number): number
  /** The codec's name, where it is carom's own. */
  readonly name?: string
  encode(value: unknown, options?: EncodeOptions): Encoded
  /**
   * The value of the message `memory.bytes[start..end]`. `arrived` has the descriptors that came with this very message, if
   * any did; a message with descriptors bears a mark (`behindMark`).
   */
  decode(memory: Memory, start: number, end: number, arrived?: Arrived): unknown
}

/**
 * Turns values into messages and back.
 *
 * @example
 * ```ts
 * import { type Codec, pipe } from 'carom'
 *
 * const lines: Codec = {
 *   encode: (value) => Buffer.from((value as string[]).join('\n')),
 *   decode: (bytes) => String(bytes).split('\n'),
 * }
 * const [here, there] = pipe({ codec: lines })
 * await here.send(['one', 'two'])
 * console.log(await there.recv()) // [ 'one', 'two' ]
 * ```
 */
export interface Codec {
  /** The message for a value. Its memory must not be written again: the message may still be on its way. */
  encode(value: unknown): Uint8Array
  /** The value of a message, whose memory is the codec's to keep. */
  decode(bytes: Buffer): unknown
}
