import type { Arrived } from '../wire/arrived.js'
import type { Chunk } from './inbox.js'

/** Makes what a receive returns of the message `chunk.bytes[start..end]`, and of the descriptors that came with it, if any. */
export type Take = (chunk: Chunk, start: number, end: number, arrived?: Arrived) => unknown

/** How a receive is done. */
export interface Receive {
  take: Take
  /** The longest message that it accepts, in bytes. */
  maxLength?: number | undefined
  /** The value that it resolves with at the end of the stream, and when the connection is closed here, in place of an error. */
  atEnd?: unknown
  /** Memory of the caller's, which a long message may be read into directly. */
  target?: Buffer | undefined
}
