// Sends bytes on descriptor 3: any view or ArrayBuffer, whole or a part of it.

import { Connection } from 'carom'

const connection = Connection.fromFd(3, { readable: false })
const digits = Buffer.from('0123456789')

await connection.sendBytes(digits)
await connection.sendBytes(digits, 2, 3)
await connection.sendBytes(Uint16Array.of(0xcafe, 0xf00d))
await connection.sendBytes(new ArrayBuffer(0))
await connection.close()
