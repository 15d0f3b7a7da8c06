// The messages of the two processes to each other.
import { Buffer } from 'node:buffer'

/** From the parent. Some are followed by raw messages. */
export type Job =
  /** Hash the raw message that follows: the file at `path`. */
  | { job: 'hash'; path: string; size: number }
  /** That was the last file: report the total. */
  | { job: 'total' }
  /** Receive raw messages of `size` bytes until the end mark, then report the total. */
  | { job: 'receive'; size: number }
  /** Send raw messages of `size` bytes for some seconds, then the end mark, then report the total. */
  | { job: 'send'; size: number; seconds: number }
  /** Send every raw message back, up to the end mark. */
  | { job: 'echo' }

/** From the child. */
export type Report =
  /** A file has been hashed; the digest follows as a raw message. */
  | { report: 'hashed'; path: string; size: number }
  /** The counts of a phase: received or sent, and not as expected. */
  | { report: 'total'; messages: number; bytes: number; wrong: number }

/** No payload: a message like any other, used here as the end mark. */
export const END = Buffer.alloc(0)

/** Raw messages that tell which they are, so that a lost, repeated or torn one is seen. Both processes make the same. */
export class NumberedMessages {
  readonly #size: number
  readonly #messages: Buffer[]

  constructor(size: number) {
    this.#size = size
    // Enough different ones that a whole buffer's worth could not go missing unseen.
    const count = Math.max(16, Math.ceil(1_000_000 / size))
    const memory = Buffer.alloc(count * size)
    this.#messages = Array.from({ length: count }, (_, number) => {
      const message = memory.subarray(number * size, (number + 1) * size)
      message.writeUInt32LE(number, 0)
      message.writeUInt32LE(number, size - 4)
      return message
    })
  }

  /** The message to send as number `index`. */
  get(index: number): Buffer {
    return this.#messages[index % this.#messages.length]!
  }

  /** Whether this is the value that was sent as number `index`. */
  matches(index: number, message: Buffer): boolean {
    const number = index % this.#messages.length
    return (
      message.length === this.#size &&
      message.readUInt32LE(0) === number &&
      message.readUInt32LE(this.#size - 4) === number
    )
  }
}
