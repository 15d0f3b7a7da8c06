import { once } from 'node:events'
import { isMainThread, type MessagePort, parentPort, Worker } from 'node:worker_threads'

import type { End, Pace, Rival } from '../rival.ts'
import type { Tally } from '../tally.ts'

/** The number of messages that may be on their way. A port takes any number, and would keep them in memory. */
const WINDOW = 1024

/** The message that tells the sender that half a window has arrived. */
const CREDIT = 'credit'

/** From this size on, memory that its owner doesn't need any longer is handed over instead of copied. */
const TRANSFERRED = 64 * 1024

/** A worker thread and its port: not another process, so nothing crosses the kernel but the wake-up. */
export function messagePort(): Rival {
  return {
    async open(far) {
      const child = new Worker(far.file, { argv: [...far.args] })
      return { end: new PortEnd(child), child }
    },
    async join() {
      if (isMainThread || !parentPort) throw new Error('the far end of a port is a worker')
      return new PortEnd(parentPort)
    },
  }
}

class PortEnd implements End {
  readonly #port: MessagePort | Worker

  constructor(port: MessagePort | Worker) {
    this.#port = port
  }

  ping(payload: Uint8Array, again: () => boolean): Promise<void> {
    return this.pingObjects(() => payload, again)
  }

  async echo() {
    this.#receive<Uint8Array>((message) => this.#post(message, owned(message)))
    await this.#closed()
  }

  pingObjects(make: () => object, again: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#receive(() => (again() ? this.#post(make()) : resolve()))
      this.#post(make())
    })
  }

  async echoObjects() {
    this.#receive<object>((message) => this.#post(message))
    await this.#closed()
  }

  async sendBytes(opening: Uint8Array, payload: Uint8Array, count: number, pace?: Pace): Promise<Uint8Array> {
    return (await this.#send(opening, () => payload, count, pace)) as Uint8Array
  }

  async receiveBytes(tally: Tally<Uint8Array>) {
    await this.#count(tally)
  }

  sendObjects(opening: object, make: (index: number) => object, count: number): Promise<object> {
    return this.#send(opening, make, count)
  }

  async receiveObjects(tally: Tally<object>) {
    await this.#count(tally)
  }

  close() {
    this.#post(null)
  }

  async #send(opening: object, make: (index: number) => object, count: number, pace?: Pace): Promise<object> {
    let credit = WINDOW
    let more: (() => void) | undefined
    const answered = new Promise<object>((resolve) => {
      this.#receive<object | typeof CREDIT>((message) => {
        if (message !== CREDIT) return resolve(message as object)
        credit += WINDOW / 2
        more?.()
      })
    })
    this.#post(opening)
    for (let i = 0; i < count; i++) {
      if (pace) await pace()
      if (credit-- === 0) await new Promise<void>((resolve) => void (more = resolve))
      this.#post(make(i))
    }
    return answered
  }

  async #count<Message extends object>(tally: Tally<Message>) {
    let received = 0
    this.#receive<Message>((message) => {
      if (++received % (WINDOW / 2) === 0) this.#post(CREDIT)
      const answer = tally.take(message)
      if (answer) this.#post(answer)
    })
    await this.#closed()
  }

  #receive<Message>(take: (message: Message) => void): void {
    this.#port.removeAllListeners('message')
    this.#port.on('message', (message: Message | null) => {
      if (message !== null) return take(message)
      // An end that learns that the other one has closed closes itself.
      parentPort?.close()
    })
  }

  async #closed() {
    await once(this.#port as MessagePort, 'close')
  }

  #post(message: unknown, transfer: ArrayBuffer[] = []): void {
    this.#port.postMessage(message, transfer)
  }
}

/** The memory of a received message that is worth handing back rather than copying. */
function owned({ buffer, byteLength }: Uint8Array): ArrayBuffer[] {
  return byteLength >= TRANSFERRED ? [buffer as ArrayBuffer] : []
}
