import type { Socket } from 'node:net'
import type { ExecutionContext } from 'ava'

import { until } from './until.ts'
import { frame } from './wire.ts'

/** A peer whose bytes the test writes: the other end of a connection, or of a socket that should have become one. */
export class RawPeer {
  #received = Buffer.alloc(0)
  #ended = false

  readonly socket: Socket

  constructor(t: ExecutionContext, socket: Socket) {
    this.socket = socket
    socket.on('data', (bytes) => (this.#received = Buffer.concat([this.#received, bytes])))
    socket.on('error', () => (this.#ended = true))
    socket.on('close', () => (this.#ended = true))
    t.teardown(() => socket.destroy())
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Everything that has come and has not been taken. */
  get received(): Buffer {
    return this.#received
  }

  /** Sends one frame. */
  say(body: Uint8Array | string): void {
    this.socket.write(frame(body))
  }

  /** The body of the next frame. */
  async hear(): Promise<Buffer> {
    const here = (): boolean => this.#received.length >= 4 && this.#received.length >= 4 + this.#received.readInt32BE()
    await until(() => here() || this.#ended, 'the other side says nothing')
    if (!here()) throw new Error('the other side has closed instead of saying something')
    const end = 4 + this.#received.readInt32BE()
    const body = this.#received.subarray(4, end)
    this.#received = this.#received.subarray(end)
    return body
  }

  untilEnded(): Promise<void> {
    return until(() => this.#ended, 'the other side does not close')
  }
}
