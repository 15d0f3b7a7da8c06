// Serves three clients that know the key: a few messages to each, then an echo of what it says, until it closes.

import { Connection, Listener } from 'carom'
import { AUTHKEY } from './authkey.ts'

// Port 0 has the system choose one, which whoever started us is told on descriptor 3.
const listener = new Listener({ host: 'localhost', port: 0 }, { authkey: AUTHKEY })
const starter = Connection.fromFd(3, { readable: false })
await starter.send(listener.address)
await starter.close()

listener.on('authenticationFailure', (error) => console.log(`refused: ${error.message}`))

async function serve(connection: Connection): Promise<void> {
  await connection.send([2.25, null, 'junk', { nested: true }])
  await connection.sendBytes(Buffer.from('hello'))
  await connection.sendBytes(Int32Array.of(42, 1729))
  for await (const message of connection) await connection.send(message)
  await connection.close()
}

const served: Promise<void>[] = []
for await (const connection of listener) {
  console.log('connection accepted from', listener.lastAccepted)
  served.push(serve(connection))
  if (served.length === 3) break
}
await Promise.all(served)
await listener.close()
