// Raw bytes: no codec, just messages of bytes; `poll` waits for a while, `recvBytes` refuses what is too long.
//
// Run it: node --import @oxc-node/core/register examples/raw-bytes/index.ts

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { EOFError, pipe } from 'carom'

const [connection, childEnd] = pipe({ duplex: false })

const file = fileURLToPath(new URL('./sender.ts', import.meta.url))
spawn(process.execPath, [...process.execArgv, file], { stdio: ['inherit', 'inherit', 'inherit', childEnd.fd] })
await childEnd.close()

for (;;) {
  // A second at most; the end of the stream counts as something to receive.
  if (!(await connection.poll(1000))) {
    console.log('nothing for a second, waiting on')
    continue
  }
  try {
    // The Buffer is ours. A message of more than 1024 bytes would be a MessageTooLongError.
    const message = await connection.recvBytes(1024)
    console.log(`${message.length} bytes: ${message.toString('hex')}`)
  } catch (error) {
    if (!(error instanceof EOFError)) throw error
    console.log('end of the stream')
    break
  }
}
await connection.close()
