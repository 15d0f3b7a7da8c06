// A producer and a consumer, two processes on one pipe; the producer says with a marker that it is done.
//
// Run it: node --import @oxc-node/core/register examples/producer-consumer/index.ts

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { pipe, type Connection } from 'carom'

function start(program: string, end: Connection): ChildProcess {
  const file = fileURLToPath(new URL(program, import.meta.url))
  const child = spawn(process.execPath, [...process.execArgv, file], {
    stdio: ['inherit', 'inherit', 'inherit', end.fd],
  })
  // Each end is open in its child only: if one dies, the other sees the end of the stream.
  void end.close()
  return child
}

const [receivingEnd, sendingEnd] = pipe({ duplex: false })
const exits = [start('./consumer.ts', receivingEnd), start('./producer.ts', sendingEnd)].map((child) =>
  once(child, 'exit'),
)
await Promise.all(exits)
console.log('both are done')
