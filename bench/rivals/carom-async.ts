import { spawn } from 'node:child_process'

import { Connection, type ConnectionOptions, pipe } from 'carom'

import type { End, Pace, Rival } from '../rival.ts'
import type { Tally } from '../tally.ts'

/** carom on the event loop: every send awaited, messages received by iteration. */
export function caromAsync(options?: ConnectionOptions): Rival {
  return carom(AsyncEnd, options)
}

/** carom on the event loop by callbacks: messages received by `forEach`, a send awaited only where it has to wait. */
export function caromForEach(options?: ConnectionOptions): Rival {
  return carom(ForEachEnd, options)
}

function carom(End: new (connection: Connection) => AsyncEnd, options: ConnectionOptions = {}): Rival {
  return {
    async open(far) {
      const [near, theirs] = pipe(options)
      const child = spawn(process.execPath, [...process.execArgv, far.file, ...far.args], {
        stdio: ['ignore', 'inherit', 'inherit', theirs.fd],
      })
      void theirs.close()
      return { end: new End(near), child }
    },
    async join() {
      return new End(Connection.fromFd(3, options))
    },
  }
}

/** An end of a connection that is waited for in the event loop. */
export class AsyncEnd implements End {
  protected readonly connection: Connection

  constructor(connection: Connection) {
    this.connection = connection
  }

  async ping(payload: Uint8Array, again: () => boolean) {
    do {
      await this.connection.sendBytes(payload)
      await this.connection.recvBytes()
    } while (again())
  }

  async echo() {
    for await (const message of this.connection.bytes()) await this.connection.sendBytes(message)
  }

  async pingObjects(make: () => object, again: () => boolean) {
    do {
      await this.connection.send(make())
      await this.connection.recv()
    } while (again())
  }

  async echoObjects() {
    for await (const value of this.connection) await this.connection.send(value)
  }

  async sendBytes(opening: Uint8Array, payload: Uint8Array, count: number, pace?: Pace) {
    await this.connection.sendBytes(opening)
    for (let i = 0; i < count; i++) {
      if (pace) await pace()
      await this.connection.sendBytes(payload)
    }
    return this.connection.recvBytes()
  }

  async receiveBytes(tally: Tally<Uint8Array>) {
    for await (const message of this.connection.bytes()) {
      const answer = tally.take(message)
      if (answer) await this.connection.sendBytes(answer)
    }
  }

  async sendObjects(opening: object, make: (index: number) => object, count: number) {
    await this.connection.send(opening)
    for (let i = 0; i < count; i++) await this.connection.send(make(i))
    return (await this.connection.recv()) as object
  }

  async receiveObjects(tally: Tally<object>) {
    for await (const message of this.connection) {
      const answer = tally.take(message as object)
      if (answer) await this.connection.send(answer)
    }
  }

  close() {
    return this.connection.close()
  }
}

/** More than this many bytes are unsent: a send waits. It is the default of `highWaterMark`. */
const HIGH_WATER_MARK = 256 * 1024

/** Receives by `forEach`, and awaits a send only where it has to wait. */
class ForEachEnd extends AsyncEnd {
  override ping(payload: Uint8Array, again: () => boolean) {
    const { connection } = this
    return until((enough) => {
      void connection.sendBytes(payload)
      return [connection.bytes(), () => (again() ? void connection.sendBytes(payload) : enough())]
    })
  }

  override echo() {
    const { connection } = this
    return connection.bytes().forEach((message) => this.#waiting(connection.sendBytes(message)))
  }

  override pingObjects(make: () => object, again: () => boolean) {
    const { connection } = this
    return until((enough) => {
      void connection.send(make())
      return [connection, () => (again() ? void connection.send(make()) : enough())]
    })
  }

  override echoObjects() {
    const { connection } = this
    return connection.forEach((value) => this.#waiting(connection.send(value)))
  }

  override async sendBytes(opening: Uint8Array, payload: Uint8Array, count: number, pace?: Pace) {
    const { connection } = this
    await connection.sendBytes(opening)
    for (let i = 0; i < count; i++) {
      if (pace) await pace()
      const accepted = this.#waiting(connection.sendBytes(payload))
      if (accepted) await accepted
    }
    return connection.recvBytes()
  }

  override receiveBytes(tally: Tally<Uint8Array>) {
    const { connection } = this
    return connection.bytes().forEach((message) => {
      const answer = tally.take(message)
      return answer && connection.sendBytes(answer)
    })
  }

  override async sendObjects(opening: object, make: (index: number) => object, count: number) {
    const { connection } = this
    await connection.send(opening)
    for (let i = 0; i < count; i++) {
      const accepted = this.#waiting(connection.send(make(i)))
      if (accepted) await accepted
    }
    return (await connection.recv()) as object
  }

  override receiveObjects(tally: Tally<object>) {
    const { connection } = this
    return connection.forEach((message) => {
      const answer = tally.take(message as object)
      return answer && connection.send(answer)
    })
  }

  /** A send's promise, where it has to be waited for. */
  #waiting(accepted: Promise<void>): Promise<void> | undefined {
    return this.connection.bufferedAmount > HIGH_WATER_MARK ? accepted : undefined
  }
}

interface Messages {
  forEach(callback: () => unknown, options: { signal: AbortSignal }): Promise<void>
}

/** Takes messages until `enough` is called. */
async function until(begin: (enough: () => void) => [messages: Messages, callback: () => void]): Promise<void> {
  const end = new AbortController()
  const [messages, callback] = begin(() => end.abort())
  await messages.forEach(callback, { signal: end.signal }).catch((error: unknown) => {
    if (!end.signal.aborted) throw error
  })
}
