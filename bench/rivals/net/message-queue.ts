import type { Stream } from './stream.ts'

/** With more than this many messages waiting, the socket is not read. */
const MOST_WAITING = 4096

/** Messages that have arrived, to be iterated: without a generator, whose every step costs two more promises. */
export class MessageQueue<Message> implements AsyncIterableIterator<Message> {
  readonly #stream: Stream
  #waiting: Message[] = []
  #next = 0
  #ended = false
  #wake: ((result: IteratorResult<Message>) => void) | undefined

  /** `reader` makes what finds the messages in the chunks. */
  constructor(stream: Stream, reader: (deliver: (message: Message) => void) => { read(chunk: Buffer): void }) {
    this.#stream = stream
    const messages = reader((message) => this.#waiting.push(message))
    stream.onChunk((chunk) => {
      messages.read(chunk)
      if (this.#waiting.length > MOST_WAITING) stream.socket.pause()
      if (this.#wake && this.#waiting.length > 0) this.#resolve(this.#take())
    })
    stream.socket.once('end', () => {
      this.#ended = true
      if (this.#wake) this.#resolve({ value: undefined, done: true })
    })
  }

  next(): Promise<IteratorResult<Message>> {
    if (this.#next < this.#waiting.length) return Promise.resolve(this.#take())
    if (this.#ended) return Promise.resolve({ value: undefined, done: true })
    return new Promise((resolve) => void (this.#wake = resolve))
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #take(): IteratorResult<Message> {
    const value = this.#waiting[this.#next++]!
    if (this.#next === this.#waiting.length) {
      this.#waiting = []
      this.#next = 0
      if (this.#stream.socket.isPaused()) this.#stream.socket.resume()
    }
    return { value, done: false }
  }

  #resolve(result: IteratorResult<Message>): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.(result)
  }
}
