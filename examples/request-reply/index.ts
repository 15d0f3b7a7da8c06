// Requests and replies over a duplex pipe.
//
// Run it: node --import @oxc-node/core/register examples/request-reply/index.ts

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { pipe } from 'carom'
import type { Reply, Request } from './messages.ts'

const [connection, childEnd] = pipe<Reply, Request>()

const file = fileURLToPath(new URL('./replier.ts', import.meta.url))
const child = spawn(process.execPath, [...process.execArgv, file], {
  stdio: ['inherit', 'inherit', 'inherit', childEnd.fd],
})
await childEnd.close()

async function request(operation: Request['operation'], ...operands: number[]): Promise<void> {
  await connection.send({ operation, operands })
  const reply = await connection.recv()
  const outcome = reply.ok ? reply.result : reply.error.message
  console.log(`${operation}(${operands.join(', ')}): ${outcome}`)
}

await request('add', 1, 2, 3)
await request('multiply', 4, 5)
await request('divide', 1, 0)
await request('divide', 1, 8)

await connection.close()
const [code] = await once(child, 'exit')
console.log(`the replier exited with ${code}`)
