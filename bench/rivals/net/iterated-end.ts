import type { End } from '../../rival.ts'
import type { Tally } from '../../tally.ts'
import { FrameReader } from './frame-reader.ts'
import { FrameWriter } from './frame-writer.ts'
import { LineReader } from './line-reader.ts'
import { LineWriter } from './line-writer.ts'
import { MessageQueue } from './message-queue.ts'
import type { Stream } from './stream.ts'

/** The interface that a library would put over the socket: every send awaited, messages received by iteration. */
export class IteratedEnd implements End {
  readonly #stream: Stream
  readonly #frames: FrameWriter
  readonly #lines: LineWriter
  #messages: MessageQueue<Buffer> | undefined
  #objects: MessageQueue<object> | undefined
  #flushing = false

  constructor(stream: Stream) {
    this.#stream = stream
    this.#frames = new FrameWriter(stream.socket)
    this.#lines = new LineWriter(stream.socket)
  }

  async ping(payload: Uint8Array, again: () => boolean) {
    const messages = this.#receivedBytes()
    do {
      await this.#sendBytes(payload)
      await messages.next()
    } while (again())
  }

  async echo() {
    for await (const message of this.#receivedBytes()) await this.#sendBytes(message)
  }

  async sendBytes(opening: Uint8Array, payload: Uint8Array, count: number) {
    const answers = this.#receivedBytes()
    await this.#sendBytes(opening)
    for (let i = 0; i < count; i++) await this.#sendBytes(payload)
    await answers.next()
  }

  async receiveBytes(tally: Tally<Uint8Array>) {
    for await (const message of this.#receivedBytes()) {
      const answer = tally.take(message)
      if (answer) await this.#sendBytes(answer)
    }
  }

  async sendObjects(opening: object, make: (index: number) => object, count: number) {
    const answers = this.#receivedObjects()
    await this.#send(opening)
    for (let i = 0; i < count; i++) await this.#send(make(i))
    await answers.next()
  }

  async receiveObjects(tally: Tally<object>) {
    for await (const value of this.#receivedObjects()) {
      const answer = tally.take(value)
      if (answer) await this.#send(answer)
    }
  }

  close() {
    this.#stream.socket.end()
  }

  #sendBytes(message: Uint8Array): Promise<void> {
    return this.#accepted(this.#frames.write(message))
  }

  #send(value: object): Promise<void> {
    return this.#accepted(this.#lines.write(value))
  }

  #accepted(room: boolean): Promise<void> {
    if (!room) return new Promise((resolve) => this.#stream.socket.once('drain', resolve))
    if (!this.#flushing) {
      this.#flushing = true
      // After the microtasks: what this turn sends leaves in one write.
      process.nextTick(this.#flush)
    }
    return ACCEPTED
  }

  readonly #flush = (): void => {
    this.#flushing = false
    this.#frames.flush()
    this.#lines.flush()
  }

  #receivedBytes(): MessageQueue<Buffer> {
    return (this.#messages ??= new MessageQueue<Buffer>(this.#stream, (deliver) => new FrameReader(deliver)))
  }

  #receivedObjects(): MessageQueue<object> {
    return (this.#objects ??= new MessageQueue<object>(this.#stream, (deliver) => new LineReader(deliver)))
  }
}

const ACCEPTED = Promise.resolve()
