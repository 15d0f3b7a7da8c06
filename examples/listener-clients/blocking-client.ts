// The same in calls that block, as a script may want it. Its first attempt has the wrong key.

import { AuthenticationError, connectSync, type Address } from 'carom'
import { AUTHKEY } from './authkey.ts'

const address = JSON.parse(process.argv[2]!) as Address

try {
  connectSync(address, { authkey: 'a guess' })
} catch (error) {
  if (!(error instanceof AuthenticationError)) throw error
  console.log('a guess is', error.reason) // rejected
}

using connection = connectSync(address, { authkey: AUTHKEY })
console.log(connection.recvSync())
console.log(connection.recvBytesSync().toString())
console.log(connection.recvBytesSync().length, 'bytes')
connection.sendSync('are you there?')
console.log('echo of', connection.recvSync())
