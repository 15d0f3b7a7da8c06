const HEADER = 4

/**
 * Finds the frames in a stream's chunks. A message that lies in one chunk is a view of it; one that is spread over several
 * is gathered in a buffer of its size, so that each byte is copied once at most.
 */
export class FrameReader {
  readonly #deliver: (message: Buffer) => void
  readonly #header = Buffer.alloc(HEADER)
  #headerUsed = 0
  #message: Buffer | undefined
  #messageUsed = 0

  constructor(deliver: (message: Buffer) => void) {
    this.#deliver = deliver
  }

  read(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#message) {
        at += this.#fill(this.#message, chunk, at)
        continue
      }
      let length: number
      if (this.#headerUsed === 0 && chunk.length - at >= HEADER) {
        length = chunk.readUInt32BE(at)
        at += HEADER
      } else {
        const taken = chunk.copy(this.#header, this.#headerUsed, at)
        at += taken
        this.#headerUsed += taken
        if (this.#headerUsed < HEADER) return
        this.#headerUsed = 0
        length = this.#header.readUInt32BE(0)
      }
      if (chunk.length - at >= length) {
        this.#deliver(chunk.subarray(at, at + length))
        at += length
      } else {
        this.#message = Buffer.allocUnsafe(length)
        this.#messageUsed = 0
      }
    }
  }

  #fill(message: Buffer, chunk: Buffer, at: number): number {
    const taken = chunk.copy(message, this.#messageUsed, at)
    this.#messageUsed += taken
    if (this.#messageUsed === message.length) {
      this.#message = undefined
      this.#deliver(message)
    }
    return taken
  }
}
