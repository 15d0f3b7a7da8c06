// Sends three messages on descriptor 3, each after a delay.

import { setTimeout as sleep } from 'node:timers/promises'
import { Connection } from 'carom'

const [name, delay] = process.argv.slice(2)
const connection = Connection.fromFd(3, { readable: false })

for (let n = 1; n <= 3; n++) {
  await sleep(Number(delay))
  await connection.send(`${name} sender, message ${n}`)
}
await connection.close()
