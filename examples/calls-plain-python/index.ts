// Calls functions of a Python program that speaks the messages of docs/calls.md by itself.
// Run it: node --import @oxc-node/core/register examples/calls-plain-python/index.ts

import { fileURLToPath } from 'node:url'
import { pipe, spawn } from 'carom'
import { call, remote } from 'carom/calls'

const [here, there] = pipe({ codec: 'pickle' })
const program = fileURLToPath(new URL('./server.py', import.meta.url))
spawn(process.env['PYTHON'] ?? 'python3', [program], { connections: [there], stdio: 'inherit' })

const python = remote(here)
console.log('add(1, 2):', await python['add']!(1, 2))
for await (const n of call(python, 'countdown', [5], { kwargs: { step: 2 } })) console.log('countdown:', n)
try {
  await python['add']!(1, 'two')
} catch (error) {
  console.log(String(error))
}
await here.close()
