// A server for Python clients: `Listener` here, `multiprocessing.connection.Client` there.
//
// Run it: node --import @oxc-node/core/register examples/python-client/index.ts

import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Listener } from 'carom'

type Request = { square: number | bigint } | { reverse: string }

// Without an address it makes a private one, which only this user can reach.
const authkey = randomBytes(32).toString('hex')
const listener = new Listener<Request, unknown>(undefined, { authkey, codec: 'pickle' })

const file = fileURLToPath(new URL('./client.py', import.meta.url))
const client = spawn(process.env['PYTHON'] ?? 'python3', [file, String(listener.address)], {
  env: { ...process.env, AUTHKEY: authkey },
  stdio: 'inherit',
})
const ended = once(client, 'exit')

const connection = await listener.accept()
for await (const request of connection) {
  if ('square' in request) {
    // Python's integers have no limit: those that a number can't hold exactly are a bigint.
    await connection.send(BigInt(request.square) ** 2n)
  } else {
    const bytes = await connection.recvBytes()
    await connection.sendBytes(bytes.toReversed())
  }
}
await connection.close()
await listener.close()

const [code] = await ended
console.log(`the client exited with ${code}`)
