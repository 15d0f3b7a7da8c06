import { headerSize, payloadSize } from '../wire/frame.js'
import { Memory } from './memory.js'
import { takeFirst } from './queue.js'

/** Memory that messages have been received into: whole frames, or, where not `framed`, the payload of one message. */
export class Chunk extends Memory {
  readonly framed: boolean

  constructor(bytes: Buffer, framed: boolean) {
    super(bytes)
    this.framed = framed
  }

  /** The position of the message: `bytes[start..end]`. */
  message(start: number, end: number): Buffer {
    return this.framed ? this.part(start, end) : this.bytes
  }
}

const EMPTY = new Chunk(Buffer.alloc(0), true)

/**
 * Messages that have been received and not yet taken, oldest first. `peek` moves to the next one, which is then
 * `chunk.bytes[start..end]`: a caller that decodes it in place makes no object for it.
 */
export class Inbox {
  /** Where the current message is. */
  chunk: Chunk = EMPTY
  start = 0
  end = 0
  /** The part of the chunk that has been taken, and its length. */
  #at = 0
  #length = 0
  readonly #chunks: Chunk[] = []

  get empty(): boolean {
    return this.#at === this.#length && this.#chunks.length === 0
  }

  /** Appends a message, or, where `framed`, whole frames. The memory is the inbox's from now on. */
  push(bytes: Buffer, framed: boolean): void {
    this.#chunks.push(new Chunk(bytes, framed))
  }

  /** Moves to the oldest message, without taking it; false where there is none. */
  peek(): boolean {
    if (this.#at === this.#length) {
      const chunk = takeFirst(this.#chunks)
      if (!chunk) return false
      this.chunk = chunk
      this.#at = 0
      this.#length = chunk.bytes.length
    }
    const { bytes, framed } = this.chunk
    if (!framed) {
      this.start = 0
      this.end = this.#length
      return true
    }
    const at = this.#at
    const start = at + headerSize(bytes, at)
    this.start = start
    this.end = start + payloadSize(bytes, start)
    return true
  }

  /** Takes the message that `peek` moved to. */
  take(): void {
    this.#at = this.end
    if (this.#at === this.#length && this.#chunks.length === 0) {
      // The message is the caller's now; holding its memory would keep it alive on an idle connection.
      this.#at = 0
      this.#length = 0
      this.chunk = EMPTY
    }
  }
}
