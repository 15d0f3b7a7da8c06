// Four children send after delays of their own; the parent waits for all of them at once.
//
// Run it: node --import @oxc-node/core/register examples/delayed-senders/index.ts

import { setTimeout as sleep } from 'node:timers/promises'
import { EOFError, isMain, pipe, Process, wait, type Connection } from 'carom'

/** A child: sends three messages, each after a delay. */
export async function sender(connection: Connection<never, string>, name: string, delay: number): Promise<void> {
  for (let n = 1; n <= 3; n++) {
    await sleep(delay)
    await connection.send(`${name} sender, message ${n}`)
  }
  await connection.close()
}

function startSender(name: string, delay: number): Connection<string> {
  const [receiver, childEnd] = pipe<string>({ duplex: false })
  // The start is not awaited: should it fail, the process ends with its error.
  void new Process(import.meta.url, { target: 'sender', name, args: [childEnd, name, delay] }).start()
  return receiver
}

if (isMain(import.meta)) {
  const open = new Set([
    startSender('first', 400),
    startSender('second', 300),
    startSender('third', 200),
    startSender('fourth', 100),
  ])

  while (open.size > 0) {
    // The connections that have a message, or have come to their end, in the order given.
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
}
