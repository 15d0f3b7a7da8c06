import type { End, Pace } from '../../rival.ts'
import type { Tally } from '../../tally.ts'
import { FrameReader } from './frame-reader.ts'
import { FrameWriter } from './frame-writer.ts'
import { MessageQueue } from './message-queue.ts'
import type { Stream } from './stream.ts'
import type { ValueCodec } from './value-codec.ts'

/** The interface that a library would put over the socket: every send awaited, messages received by iteration. */
export class IteratedEnd implements End {
  readonly #stream: Stream
  readonly #frames: FrameWriter
  readonly #codec: ValueCodec
  readonly #values: ReturnType<ValueCodec['writer']>
  #messages: MessageQueue<Buffer> | undefined
  #objects: MessageQueue<object> | undefined
  #flushing = false

  constructor(stream: Stream, codec: ValueCodec) {
    this.#stream = stream
    this.#frames = new FrameWriter(stream.socket)
    this.#codec = codec
    this.#values = codec.writer(stream)
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

  async pingObjects(make: () => object, again: () => boolean) {
    const values = this.#receivedObjects()
    do {
      await this.#send(make())
      await values.next()
    } while (again())
  }

  async echoObjects() {
    for await (const value of this.#receivedObjects()) await this.#send(value)
  }

  async sendBytes(opening: Uint8Array, payload: Uint8Array, count: number, pace?: Pace): Promise<Uint8Array> {
    const answers = this.#receivedBytes()
    await this.#sendBytes(opening)
    for (let i = 0; i < count; i++) {
      if (pace) await pace()
      await this.#sendBytes(payload)
    }
    return (await answers.next()).value as Uint8Array
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
    return (await answers.next()).value as object
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
    return this.#accepted(this.#values.write(value))
  }

  #accepted(room: boolean): Promise<void> {
    if (!room) return new Promise((resolve) => this.#stream.socket.once('drain', resolve))
    if (!this.#flushing) {
      this.#flushing = true
      // After the microtasks, so that all messages of this turn leave in one write.
      process.nextTick(this.#flush)
    }
    return ACCEPTED
  }

  readonly #flush = (): void => {
    this.#flushing = false
    this.#frames.flush()
    this.#values.flush()
  }

  #receivedBytes(): MessageQueue<Buffer> {
    return (this.#messages ??= new MessageQueue<Buffer>(this.#stream, (deliver) => new FrameReader(deliver)))
  }

  #receivedObjects(): MessageQueue<object> {
    return (this.#objects ??= new MessageQueue<object>(this.#stream, (deliver) => this.#codec.reader(deliver)))
  }
}

const ACCEPTED = Promise.resolve()
