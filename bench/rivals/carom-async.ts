import { spawn } from 'node:child_process'

import { Connection, type ConnectionOptions, EOFError, pipe } from 'carom'

import type { End, Pace, Rival } from '../rival.ts'
import type { Tally } from '../tally.ts'

/** carom on the event loop: every send awaited, messages received by iteration. */
export function caromAsync(options?: ConnectionOptions): Rival {
  return carom(AsyncEnd, options)
}

/** carom on the event loop, where nothing is awaited that is there already. */
export function caromBatches(): Rival {
  return carom(BatchEnd)
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

/** Awaits a send only where it has to wait, and takes all messages that have arrived before it waits for more. */
class BatchEnd extends AsyncEnd {
  override async sendBytes(opening: Uint8Array, payload: Uint8Array, count: number, pace?: Pace) {
    const { connection } = this
    await connection.sendBytes(opening)
    for (let i = 0; i < count; i++) {
      if (pace) await pace()
      const accepted = connection.sendBytes(payload)
      if (connection.bufferedAmount > HIGH_WATER_MARK) await accepted
    }
    return connection.recvBytes()
  }

  override async receiveBytes(tally: Tally<Uint8Array>) {
    const { connection } = this
    await untilEnd(async () => {
      await connection.poll(Infinity)
      for (let message = connection.tryRecvBytes(); message; message = connection.tryRecvBytes()) {
        const answer = tally.take(message)
        if (answer) await connection.sendBytes(answer)
      }
    })
  }

  override async sendObjects(opening: object, make: (index: number) => object, count: number) {
    const { connection } = this
    await connection.send(opening)
    for (let i = 0; i < count; i++) {
      const accepted = connection.send(make(i))
      if (connection.bufferedAmount > HIGH_WATER_MARK) await accepted
    }
    return (await connection.recv()) as object
  }

  override async receiveObjects(tally: Tally<object>) {
    const { connection } = this
    await untilEnd(async () => {
      await connection.poll(Infinity)
      for (let message = connection.tryRecv(); message; message = connection.tryRecv()) {
        const answer = tally.take(message)
        if (answer) await connection.send(answer)
      }
    })
  }
}

async function untilEnd(step: () => Promise<void>): Promise<void> {
  try {
    for (;;) await step()
  } catch (error) {
    if (!(error instanceof EOFError)) throw error
  }
}
