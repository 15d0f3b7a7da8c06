import type { Socket } from 'node:net'

/** Lines are gathered up to this before a write, as frames are. */
const BATCH = 64 * 1024

/** Writes values as lines of JSON, in batches. */
export class LineWriter {
  readonly #socket: Socket
  #lines = ''

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** Takes a value. When it returns `false`, wait for the socket's `drain` before the next. */
  write(value: object): boolean {
    this.#lines += JSON.stringify(value) + '\n'
    return this.#lines.length < BATCH || this.flush()
  }

  /** Writes the gathered messages. */
  flush(): boolean {
    if (this.#lines === '') return true
    const lines = this.#lines
    this.#lines = ''
    return this.#socket.write(lines)
  }
}
