import { spawn } from 'node:child_process'

import { Connection, type ConnectionOptions, EOFError, pipe } from 'carom'

import type { End, Rival } from '../rival.ts'

/** carom's blocking calls. With `into`, bytes are received into one buffer of that size, as the floor does. */
export function caromSync({ into, ...options }: ConnectionOptions & { into?: number } = {}): Rival {
  return {
    async open(far) {
      const [near, theirs] = pipe(options)
      const child = spawn(process.execPath, [...process.execArgv, far.file, ...far.args], {
        stdio: ['ignore', 'inherit', 'inherit', theirs.fd],
      })
      void theirs.close()
      return { end: syncEnd(near, into), child }
    },
    async join() {
      return syncEnd(Connection.fromFd(3, options), into)
    },
  }
}

/** An end of a connection that is blocked on. */
export function syncEnd(connection: Connection, into?: number): End {
  return {
    ping(payload, again) {
      do {
        connection.sendBytesSync(payload)
        connection.recvBytesSync()
      } while (again())
    },
    echo() {
      untilEnd(() => connection.sendBytesSync(connection.recvBytesSync()))
    },

    pingObjects(make, again) {
      do {
        connection.sendSync(make())
        connection.recvSync()
      } while (again())
    },
    echoObjects() {
      untilEnd(() => connection.sendSync(connection.recvSync()))
    },

    async sendBytes(opening, payload, count, pace) {
      connection.sendBytesSync(opening)
      for (let i = 0; i < count; i++) {
        if (pace) await pace()
        connection.sendBytesSync(payload)
      }
      return connection.recvBytesSync()
    },
    receiveBytes(tally) {
      const buffer = into === undefined ? undefined : Buffer.allocUnsafe(into)
      untilEnd(() => {
        const message = buffer ? buffer.subarray(0, connection.recvBytesIntoSync(buffer)) : connection.recvBytesSync()
        const answer = tally.take(message)
        if (answer) connection.sendBytesSync(answer)
      })
    },

    sendObjects(opening, make, count) {
      connection.sendSync(opening)
      for (let i = 0; i < count; i++) connection.sendSync(make(i))
      return connection.recvSync() as object
    },
    receiveObjects(tally) {
      untilEnd(() => {
        const answer = tally.take(connection.recvSync() as object)
        if (answer) connection.sendSync(answer)
      })
    },

    close: () => connection.close(),
  }
}

function untilEnd(step: () => void): void {
  try {
    for (;;) step()
  } catch (error) {
    if (!(error instanceof EOFError)) throw error
  }
}
