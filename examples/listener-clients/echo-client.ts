// Sends many values before it looks at the first echo: they come back in order.

import { connect, type Address } from 'carom'
import { AUTHKEY } from './authkey.ts'

await using connection = await connect(JSON.parse(process.argv[2]!) as Address, { authkey: AUTHKEY })

// The server's own three messages.
for (let greeting = 0; greeting < 3; greeting++) await connection.recvBytes()

const values = [1, 'two', [3], new Map([[4, 'four']]), new Date(5), 6n]
for (const value of values) void connection.send(value)
for (const _ of values) console.log('echo of', await connection.recv())
