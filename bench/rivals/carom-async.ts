import { spawn } from 'node:child_process'

import { Connection, type ConnectionOptions, pipe } from 'carom'

import type { End, Rival } from '../rival.ts'

/** carom on the event loop: every send awaited, messages received by iteration. */
export function caromAsync(options: ConnectionOptions = {}): Rival {
  return {
    async open(far) {
      const [near, theirs] = pipe(options)
      const child = spawn(process.execPath, [...process.execArgv, far.file, ...far.args], {
        stdio: ['ignore', 'inherit', 'inherit', theirs.fd],
      })
      void theirs.close()
      return { end: asyncEnd(near), child }
    },
    async join() {
      return asyncEnd(Connection.fromFd(3, options))
    },
  }
}

/** An end of a connection that is waited for in the event loop. */
export function asyncEnd(connection: Connection): End {
  return {
    async ping(payload, again) {
      do {
        await connection.sendBytes(payload)
        await connection.recvBytes()
      } while (again())
    },
    async echo() {
      for await (const message of connection.bytes()) await connection.sendBytes(message)
    },

    async pingObjects(make, again) {
      do {
        await connection.send(make())
        await connection.recv()
      } while (again())
    },
    async echoObjects() {
      for await (const value of connection) await connection.send(value)
    },

    async sendBytes(opening, payload, count, pace) {
      await connection.sendBytes(opening)
      for (let i = 0; i < count; i++) {
        if (pace) await pace()
        await connection.sendBytes(payload)
      }
      return connection.recvBytes()
    },
    async receiveBytes(tally) {
      for await (const message of connection.bytes()) {
        const answer = tally.take(message)
        if (answer) await connection.sendBytes(answer)
      }
    },

    async sendObjects(opening, make, count) {
      await connection.send(opening)
      for (let i = 0; i < count; i++) await connection.send(make(i))
      return (await connection.recv()) as object
    },
    async receiveObjects(tally) {
      for await (const message of connection) {
        const answer = tally.take(message as object)
        if (answer) await connection.send(answer)
      }
    },

    close: () => connection.close(),
  }
}
