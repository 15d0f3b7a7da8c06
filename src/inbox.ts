/** Whole frames in one piece of memory, or the payload of one long message. */
interface Chunk {
  bytes: Buffer
  framed: boolean
}

/**
 * Messages that have been received and not yet taken, oldest first. `next` moves to the next one, which is then
 * `bytes[start..end]`: a caller that decodes it in place makes no object for it.
 */
export class Inbox {
  /** The memory of the current message. */
  bytes: Buffer = EMPTY
  start = 0
  end = 0
  #at = 0
  #framed = true
  readonly #chunks: Chunk[] = []

  get empty(): boolean {
    return this.#at === this.bytes.length && this.#chunks.length === 0
  }

  /** Appends a message, or, where `framed`, whole frames. The memory is the inbox's from now on. */
  push(bytes: Buffer, framed: boolean): void {
    this.#chunks.push({ bytes, framed })
  }

  /** Moves to the oldest message, without taking it; false where there is none. */
  peek(): boolean {
    if (this.#at === this.bytes.length && this.#framed) {
      const chunk = this.#chunks.shift()
      if (!chunk) return false
      this.bytes = chunk.bytes
      this.#framed = chunk.framed
      this.#at = 0
    }
    const { bytes } = this
    if (!this.#framed) {
      this.start = 0
      this.end = bytes.length
      return true
    }
    const at = this.#at
    const length = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
    this.start = at + 4
    if (length < 0) {
      // The 64-bit form, where the 32-bit one would have done: whole frames are never that long.
      this.start = at + 12
      this.end = this.start + bytes.readUInt32BE(at + 8)
    } else {
      this.end = this.start + length
    }
    return true
  }

  /** Takes the message that `peek` moved to. */
  take(): void {
    this.#framed = true
    this.#at = this.end
    if (this.#at === this.bytes.length && this.#chunks.length === 0) {
      // The message is the caller's now; holding its memory would keep it alive on an idle connection.
      this.#at = 0
      this.bytes = EMPTY
    }
  }
}

const EMPTY = Buffer.alloc(0)
