// Objects one way, until the end of the stream.
//
// Run it: node --import @oxc-node/core/register examples/sender-receiver/index.ts

import { isMain, pipe, Process, type Connection } from 'carom'

/** The child: prints every object that arrives, until the sender closes. */
export async function receiver(connection: Connection): Promise<void> {
  let count = 0
  for await (const message of connection) {
    console.log('received', message)
    count++
  }
  console.log(`end of the stream after ${count} objects`)
}

if (isMain(import.meta)) {
  // One way: the first end only receives, the second only sends.
  const [childEnd, sender] = pipe({ duplex: false })
  // The child gets its end, and this process no longer has it.
  const child = new Process(import.meta.url, { target: 'receiver', args: [childEnd] })
  await child.start()

  await sender.send({ name: 'cue ball', position: [127, 64] })
  await sender.send(new Map([['red', 1]]).set('black', 7))
  await sender.send([new Date('2026-01-01T00:00:00Z'), 10n ** 20n, null])

  // Messages that were sent are still delivered; after them the receiver sees the end of the stream.
  await sender.close()
  await child.join()
}
