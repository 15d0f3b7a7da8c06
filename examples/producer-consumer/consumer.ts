// Receives items on descriptor 3 up to the end marker: here with calls that block, which is all that this process does.

import { Connection } from 'carom'
import { END, type Message } from './marker.ts'

const connection = Connection.fromFd<Message, never>(3, { writable: false })

let [count, weight] = [0, 0]
for (;;) {
  const message = connection.recvSync()
  if (message === END) break
  count++
  weight += message.weight
}
console.log(`consumed ${count} items of ${weight.toFixed(1)} kg`)
await connection.close()
