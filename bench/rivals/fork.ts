import { type ChildProcess, fork, type SerializationType } from 'node:child_process'
import { once } from 'node:events'

import type { End, Pace, Rival } from '../rival.ts'
import type { Tally } from '../tally.ts'

/** Node's own channel between parent and child. Its `json` form carries no bytes: only objects are compared there. */
export function forkChannel(serialization: SerializationType): Rival {
  return {
    async open(far) {
      const child = fork(far.file, far.args, { serialization })
      // There is no connecting: a message sent before the child listens is kept for it.
      return { end: new ForkEnd(child), child }
    },
    async join() {
      return new ForkEnd(process)
    },
  }
}

class ForkEnd implements End {
  readonly #channel: ChildProcess | NodeJS.Process

  constructor(channel: ChildProcess | NodeJS.Process) {
    this.#channel = channel
  }

  ping(payload: Uint8Array, again: () => boolean): Promise<void> {
    return this.pingObjects(() => payload, again)
  }

  async echo() {
    this.#channel.on('message', (message: object) => this.#post(message))
    await once(this.#channel, 'disconnect')
  }

  pingObjects(make: () => object, again: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const next = () => {
        if (again()) return void this.#post(make())
        this.#channel.off('message', next)
        resolve()
      }
      this.#channel.on('message', next)
      this.#post(make())
    })
  }

  echoObjects() {
    return this.echo()
  }

  async sendBytes(opening: Uint8Array, payload: Uint8Array, count: number, pace?: Pace): Promise<Uint8Array> {
    if (!pace) return (await this.sendObjects(opening, () => payload, count)) as Uint8Array
    const answer = once(this.#channel, 'message')
    this.#post(opening)
    for (let i = 0; i < count; i++) {
      await pace()
      this.#post(payload)
    }
    const [message] = (await answer) as [Uint8Array]
    return message
  }

  receiveBytes(tally: Tally<Uint8Array>): Promise<void> {
    return this.#receive(tally)
  }

  async sendObjects(opening: object, make: (index: number) => object, count: number) {
    const answer = once(this.#channel, 'message')
    this.#post(opening)
    for (let i = 0; i < count; i++) {
      // `false` says that the channel's queue is long. There is no event for its end: the next message's own callback tells.
      if (!this.#post(make(i)) && ++i < count) await this.#delivered(make(i))
    }
    const [message] = (await answer) as [object]
    return message
  }

  receiveObjects(tally: Tally<object>): Promise<void> {
    return this.#receive(tally)
  }

  close() {
    // The end that did not begin it is already disconnected.
    if (this.#channel.connected) this.#channel.disconnect!()
  }

  async #receive<Message extends object>(tally: Tally<Message>) {
    this.#channel.on('message', (message: Message) => {
      const answer = tally.take(message)
      if (answer) this.#post(answer)
    })
    await once(this.#channel, 'disconnect')
  }

  #post(message: object): boolean {
    return this.#channel.send!(message)
  }

  #delivered(message: object): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#channel.send!(message, undefined, undefined, (error) => (error ? reject(error) : resolve()))
    })
  }
}
