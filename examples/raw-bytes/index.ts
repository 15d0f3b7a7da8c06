// Raw bytes: no codec, just messages of bytes; `poll` waits for a while, `recvBytes` refuses a message that is too long.
//
// Run it: node --import @oxc-node/core/register examples/raw-bytes/index.ts

import { EOFError, isMain, pipe, Process, type Connection } from 'carom'

/** The child: sends bytes, any view or ArrayBuffer, whole or a part of it. */
export async function sender(connection: Connection): Promise<void> {
  const digits = Buffer.from('0123456789')
  await connection.sendBytes(digits)
  await connection.sendBytes(digits, 2, 3)
  await connection.sendBytes(Uint16Array.of(0xcafe, 0xf00d))
  await connection.sendBytes(new ArrayBuffer(0))
  await connection.close()
}

if (isMain(import.meta)) {
  const [connection, childEnd] = pipe({ duplex: false })
  const child = new Process(import.meta.url, { target: 'sender', args: [childEnd] })
  await child.start()

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
}
