// Objects one way, until the end of the stream.
//
// Run it: node --import @oxc-node/core/register examples/sender-receiver/index.ts

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { pipe } from 'carom'

// One way: the first end only receives, the second only sends.
const [childEnd, sender] = pipe({ duplex: false })

const file = fileURLToPath(new URL('./receiver.ts', import.meta.url))
const child = spawn(process.execPath, [...process.execArgv, file], {
  stdio: ['inherit', 'inherit', 'inherit', childEnd.fd],
})
// The child has its own copy of this end now.
await childEnd.close()

await sender.send({ name: 'cue ball', position: [127, 64] })
await sender.send(new Map([['red', 1]]).set('black', 7))
await sender.send([new Date('2026-01-01T00:00:00Z'), 10n ** 20n, null])

// What was sent is still delivered; after it the receiver sees the end of the stream.
await sender.close()
await once(child, 'exit')
