// Receives a value, bytes, and numbers into an array of its own.

import { connect, type Address } from 'carom'
import { AUTHKEY } from './authkey.ts'

const connection = await connect(JSON.parse(process.argv[2]!) as Address, { authkey: AUTHKEY })

console.log(await connection.recv()) // [2.25, null, 'junk', { nested: true }]
console.log(await connection.recvBytes()) // hello

const numbers = new Int32Array(5)
console.log(await connection.recvBytesInto(numbers), 'bytes') // 8 bytes
console.log(numbers) // 42, 1729, 0, 0, 0

await connection.close()
