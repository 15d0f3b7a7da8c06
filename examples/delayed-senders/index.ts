// Four children send after delays of their own; the parent waits for all of them at once.
//
// Run it: node --import @oxc-node/core/register examples/delayed-senders/index.ts

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { EOFError, pipe, wait, type Connection } from 'carom'

const file = fileURLToPath(new URL('./sender.ts', import.meta.url))

function startSender(name: string, delay: number): Connection<string> {
  const [receiver, childEnd] = pipe<string>({ duplex: false })
  spawn(process.execPath, [...process.execArgv, file, name, String(delay)], {
    stdio: ['inherit', 'inherit', 'inherit', childEnd.fd],
  })
  void childEnd.close()
  return receiver
}

const open = new Set([
  startSender('first', 400),
  startSender('second', 300),
  startSender('third', 200),
  startSender('fourth', 100),
])

while (open.size > 0) {
  // What has a message, or has come to its end, in the order given.
  for (const receiver of await wait(open)) {
    try {
      console.log(await receiver.recv())
    } catch (error) {
      if (!(error instanceof EOFError)) throw error
      await receiver.close()
      open.delete(receiver)
    }
  }
}
console.log('all senders are done')
