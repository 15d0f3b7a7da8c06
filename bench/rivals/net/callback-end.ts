import { once } from 'node:events'

import type { End, Pace } from '../../rival.ts'
import type { Tally } from '../../tally.ts'
import { FrameReader } from './frame-reader.ts'
import { FrameWriter } from './frame-writer.ts'
import type { Stream } from './stream.ts'
import type { ValueCodec } from './value-codec.ts'

/** No promise and no queue between the socket and the user of the messages. */
export class CallbackEnd implements End {
  readonly #stream: Stream
  readonly #frames: FrameWriter
  readonly #values: ReturnType<ValueCodec['writer']>
  readonly #valueReader: ReturnType<ValueCodec['reader']>
  #onValue: (value: object) => void = () => {}

  constructor(stream: Stream, codec: ValueCodec) {
    this.#stream = stream
    this.#frames = new FrameWriter(stream.socket)
    this.#values = codec.writer(stream)
    this.#valueReader = codec.reader((value) => this.#onValue(value))
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

  pingObjects(make: () => object, again: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#onObject(() => (again() ? this.#post(make()) : resolve()))
      this.#post(make())
    })
  }

  async echoObjects() {
    this.#onObject((value) => this.#post(value))
    await once(this.#stream.socket, 'end')
  }

  async sendBytes(opening: Uint8Array, payload: Uint8Array, count: number, pace?: Pace) {
    // The answer lies in memory that the next read uses again.
    const answered = new Promise<Uint8Array>((resolve) => this.#onFrame((answer) => resolve(Buffer.from(answer))))
    this.#frames.write(opening)
    for (let i = 0; i < count; i++) {
      if (pace) {
        this.#frames.flush()
        await pace()
      }
      if (!this.#frames.write(payload)) await this.#drained()
    }
    this.#frames.flush()
    return answered
  }

  async receiveBytes(tally: Tally<Uint8Array>) {
    this.#onFrame((message) => {
      const answer = tally.take(message)
      if (answer) this.#postBytes(answer)
    })
    await once(this.#stream.socket, 'end')
  }

  async sendObjects(opening: object, make: (index: number) => object, count: number) {
    const answered = new Promise<object>((resolve) => this.#onObject(resolve))
    this.#values.write(opening)
    for (let i = 0; i < count; i++) {
      if (!this.#values.write(make(i))) await this.#drained()
    }
    this.#values.flush()
    return answered
  }

  async receiveObjects(tally: Tally<object>) {
    this.#onObject((value) => {
      const answer = tally.take(value)
      if (answer) this.#post(answer)
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

  #post(value: object): void {
    this.#values.write(value)
    this.#values.flush()
  }

  #onFrame(deliver: (message: Buffer) => void): void {
    const reader = new FrameReader(deliver)
    this.#stream.onChunk((chunk) => reader.read(chunk))
  }

  #onObject(deliver: (value: object) => void): void {
    this.#onValue = deliver
    this.#stream.onChunk((chunk) => this.#valueReader.read(chunk))
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => this.#stream.socket.once('drain', resolve))
  }
}
