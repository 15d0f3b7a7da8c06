// Sends items on descriptor 3, then the end marker.

import { Connection } from 'carom'
import { END, type Message } from './marker.ts'

const connection = Connection.fromFd<never, Message>(3, { readable: false })

for (let id = 1; id <= 1000; id++) {
  // Waits while the consumer is behind: memory stays bounded.
  await connection.send({ id, weight: id / 10 })
}
await connection.send(END)
await connection.close()
