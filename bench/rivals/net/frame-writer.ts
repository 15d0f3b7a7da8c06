import type { Socket } from 'node:net'

const HEADER = 4

/** Small frames are gathered up to this: one `write` each would be a system call each. */
const STAGING = 64 * 1024

/** From here on a payload is written from where it lies: copying it would cost more than a second piece of a `writev`. */
const LARGE = 16 * 1024

/** Frames messages, a 4-byte big-endian length before each, and writes them in batches. */
export class FrameWriter {
  readonly #socket: Socket
  readonly #free: Buffer[] = []
  #staging: Buffer = Buffer.allocUnsafeSlow(STAGING)
  #used = 0

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** Takes a message. When it returns `false`, wait for the socket's `drain` before the next. */
  write(payload: Uint8Array): boolean {
    if (payload.length >= LARGE) return this.#writeLarge(payload)
    let room = true
    if (this.#used + HEADER + payload.length > STAGING) room = this.flush()
    this.#staging.writeUInt32BE(payload.length, this.#used)
    this.#staging.set(payload, this.#used + HEADER)
    this.#used += HEADER + payload.length
    return room
  }

  /** Writes the gathered frames. */
  flush(): boolean {
    if (this.#used === 0) return true
    const full = this.#staging
    const room = this.#socket.write(full.subarray(0, this.#used), () => this.#free.push(full))
    this.#staging = this.#free.pop() ?? Buffer.allocUnsafeSlow(STAGING)
    this.#used = 0
    return room
  }

  #writeLarge(payload: Uint8Array): boolean {
    this.flush()
    const header = Buffer.allocUnsafe(HEADER)
    header.writeUInt32BE(payload.length)
    this.#socket.cork()
    this.#socket.write(header)
    const room = this.#socket.write(payload)
    this.#socket.uncork()
    return room
  }
}
