// A client of a Python server: `multiprocessing.connection.Listener` there, `connect` here.
//
// Run it: node --import @oxc-node/core/register examples/python-server/index.ts

import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { connect } from 'carom'

interface Summary {
  count: number
  mean: number
  median: number
}

const authkey = randomBytes(32).toString('hex')
const file = fileURLToPath(new URL('./server.py', import.meta.url))
const server = spawn(process.env['PYTHON'] ?? 'python3', [file], {
  env: { ...process.env, AUTHKEY: authkey },
  stdio: ['ignore', 'pipe', 'inherit'],
})
const ended = once(server, 'exit')

// The server prints its port when it listens.
const [port] = (await once(createInterface(server.stdout), 'line')) as [string]

// Python's send and recv are pickles.
const connection = await connect<Summary | Error, number[]>(
  { host: 'localhost', port: Number(port) },
  { authkey, codec: 'pickle' },
)

for (const numbers of [[1, 2, 3, 10], [2.5], []]) {
  await connection.send(numbers)
  const reply = await connection.recv()
  // A Python exception is a value like others: it arrives as an Error.
  if (reply instanceof Error) console.log(`${reply.name}: ${reply.message}`)
  else console.log(`${reply.count} numbers, mean ${reply.mean}, median ${reply.median}`)
}

await connection.close()
const [code] = await ended
console.log(`the server exited with ${code}`)
