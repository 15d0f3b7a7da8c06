// Echoes whole messages until the end of the stream: of descriptor 3, or of the one that a worker thread is given.

import { isMainThread, workerData } from 'node:worker_threads'
import { Connection, EOFError } from 'carom'

const connection = Connection.fromFd(isMainThread ? 3 : (workerData as { fd: number }).fd)

function echoSync(): void {
  try {
    for (;;) connection.sendBytesSync(connection.recvBytesSync())
  } catch (error) {
    if (!(error instanceof EOFError)) throw error
  }
}

if (process.argv[2] === 'sync') echoSync()
else for await (const message of connection.bytes()) await connection.sendBytes(message)
await connection.close()
