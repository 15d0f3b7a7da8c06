import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Pair } from 'zeromq'

import type { End, Pace, Rival } from '../rival.ts'
import type { Tally } from '../tally.ts'

/** ZeroMQ's sockets for two: PAIR over its `ipc` transport. */
export function zeroMq(): Rival {
  return {
    async open(far) {
      const folder = mkdtempSync(join(tmpdir(), 'carom-bench-'))
      const address = `ipc://${join(folder, 'pair')}`
      const pair = new Pair()
      await pair.bind(address)
      const child = spawn(process.execPath, [...process.execArgv, far.file, ...far.args, address], {
        stdio: ['ignore', 'inherit', 'inherit'],
      })
      void once(child, 'exit').then(() => rmSync(folder, { recursive: true, force: true }))
      return { end: new PairEnd(pair), child }
    },
    async join([address = '']) {
      const pair = new Pair()
      pair.connect(address)
      return new PairEnd(pair)
    },
  }
}

/** The message that ends the far process: a PAIR doesn't notice that its peer has gone. */
const END = Buffer.alloc(0)

class PairEnd implements End {
  readonly #pair: Pair
  #ended = false

  constructor(pair: Pair) {
    this.#pair = pair
  }

  async ping(payload: Uint8Array, again: () => boolean) {
    do {
      await this.#pair.send(payload)
      await this.#receive()
    } while (again())
  }

  async echo() {
    for await (const [message] of this.#messages()) {
      if (this.#isEnd(message)) return
      await this.#pair.send(message)
    }
  }

  async pingObjects(make: () => object, again: () => boolean) {
    do {
      await this.#pair.send(JSON.stringify(make()))
      parse((await this.#receive())[0])
    } while (again())
  }

  async echoObjects() {
    for await (const [message] of this.#messages()) {
      if (this.#isEnd(message)) return
      await this.#pair.send(JSON.stringify(parse(message)))
    }
  }

  async sendBytes(opening: Uint8Array, payload: Uint8Array, count: number, pace?: Pace): Promise<Uint8Array> {
    await this.#pair.send(opening)
    for (let i = 0; i < count; i++) {
      if (pace) await pace()
      await this.#pair.send(payload)
    }
    return (await this.#receive())[0]
  }

  async receiveBytes(tally: Tally<Uint8Array>) {
    for await (const [message] of this.#messages()) {
      if (this.#isEnd(message)) return
      const answer = tally.take(message)
      if (answer) await this.#pair.send(answer)
    }
  }

  async sendObjects(opening: object, make: (index: number) => object, count: number): Promise<object> {
    await this.#pair.send(JSON.stringify(opening))
    for (let i = 0; i < count; i++) await this.#pair.send(JSON.stringify(make(i)))
    return parse((await this.#receive())[0])
  }

  async receiveObjects(tally: Tally<object>) {
    for await (const [message] of this.#messages()) {
      if (this.#isEnd(message)) return
      const answer = tally.take(parse(message))
      if (answer) await this.#pair.send(JSON.stringify(answer))
    }
  }

  async close() {
    if (!this.#ended) await this.#pair.send(END)
    this.#pair.close()
  }

  /** Messages have one part, as they were sent. */
  #messages(): AsyncIterable<[Buffer]> {
    return this.#pair as AsyncIterable<Buffer[]> as AsyncIterable<[Buffer]>
  }

  #receive(): Promise<[Buffer]> {
    return this.#pair.receive() as Promise<Buffer[]> as Promise<[Buffer]>
  }

  #isEnd(message: Buffer): boolean {
    this.#ended = message.length === 0
    return this.#ended
  }
}

function parse(message: Buffer): object {
  return JSON.parse(message.toString()) as object
}
