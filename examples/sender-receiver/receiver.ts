// Prints every object that arrives on descriptor 3, until the sender closes.

import { Connection } from 'carom'

const connection = Connection.fromFd(3, { writable: false })

let count = 0
for await (const message of connection) {
  console.log('received', message)
  count++
}
console.log(`end of the stream after ${count} objects`)
