import { once } from 'node:events'

import type { End } from '../../rival.ts'
import type { Tally } from '../../tally.ts'
import { FrameReader } from './frame-reader.ts'
import { FrameWriter } from './frame-writer.ts'
import { LineReader } from './line-reader.ts'
import { LineWriter } from './line-writer.ts'
import type { Stream } from './stream.ts'

/** No promise and no queue between the socket and who uses the messages. */
export class CallbackEnd implements End {
  readonly #stream: Stream
  readonly #frames: FrameWriter
  readonly #lines: LineWriter

  constructor(stream: Stream) {
    this.#stream = stream
    this.#frames = new FrameWriter(stream.socket)
    this.#lines = new LineWriter(stream.socket)
  }

  ping(payload: Uint8Array, again: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#onFrame(() => (again() ? this.#postBytes(payload) : resolve()))
      this.#postBytes(payload)
    })
  }

  async echo() {
    this.#onFrame((message) => this.#postBytes(message))
    await once(this.#stream.socket, 'end')
  }

  async sendBytes(opening: Uint8Array, payload: Uint8Array, count: number) {
    const answered = new Promise((resolve) => this.#onFrame(resolve))
    this.#frames.write(opening)
    for (let i = 0; i < count; i++) {
      if (!this.#frames.write(payload)) await this.#drained()
    }
    this.#frames.flush()
    await answered
  }

  async receiveBytes(tally: Tally<Uint8Array>) {
    this.#onFrame((message) => {
      const answer = tally.take(message)
      if (answer) this.#postBytes(answer)
    })
    await once(this.#stream.socket, 'end')
  }

  async sendObjects(opening: object, make: (index: number) => object, count: number) {
    const answered = new Promise((resolve) => this.#onObject(resolve))
    this.#lines.write(opening)
    for (let i = 0; i < count; i++) {
      if (!this.#lines.write(make(i))) await this.#drained()
    }
    this.#lines.flush()
    await answered
  }

  async receiveObjects(tally: Tally<object>) {
    this.#onObject((value) => {
      const answer = tally.take(value)
      if (!answer) return
      this.#lines.write(answer)
      this.#lines.flush()
    })
    await once(this.#stream.socket, 'end')
  }

  close() {
    this.#stream.socket.end()
  }

  #postBytes(message: Uint8Array): void {
    this.#frames.write(message)
    this.#frames.flush()
  }

  #onFrame(deliver: (message: Buffer) => void): void {
    const reader = new FrameReader(deliver)
    this.#stream.onChunk((chunk) => reader.read(chunk))
  }

  #onObject(deliver: (value: object) => void): void {
    const reader = new LineReader(deliver)
    this.#stream.onChunk((chunk) => reader.read(chunk))
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => this.#stream.socket.once('drain', resolve))
  }
}
