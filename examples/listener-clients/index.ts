// A listener and its clients, each a process of its own, which prove to each other that they know a key.
//
// Run it: node --import @oxc-node/core/register examples/listener-clients/index.ts

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { pipe, type Address } from 'carom'

function start(name: string, args: string[] = [], descriptors: number[] = []): ChildProcess {
  const file = fileURLToPath(new URL(name, import.meta.url))
  return spawn(process.execPath, [...process.execArgv, file, ...args], {
    stdio: ['inherit', 'inherit', 'inherit', ...descriptors],
  })
}

const [here, there] = pipe<Address>({ duplex: false })
const server = start('./server.ts', [], [there.fd])
const serverEnded = once(server, 'exit')
await there.close()
const address = JSON.stringify(await here.recv())

// One after the other, so that what they print stays apart; the server would serve them all at once.
for (const client of ['./values-client.ts', './echo-client.ts', './blocking-client.ts']) {
  await once(start(client, [address]), 'exit')
}
await serverEnded
