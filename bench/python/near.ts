// The near end in Node.js, `near.ts <async or sync> <python> <act> <kind> <seconds of warm-up> <seconds>`; the far end is a Python.
// Prints messages a second, and for how many milliseconds the event loop stood still at most.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

import { type Connection, pipe } from 'carom'
import { ndarray } from 'carom/python'

import { root } from '../places.ts'
import { rate } from '../rate.ts'
import { Stall } from '../stall.ts'

const [waiting, python = '', act = '', kind = '', warmUp, seconds] = process.argv.slice(2)

const [here, there] = pipe({ codec: 'pickle' })
const far = join(root, 'bench/python/messages.py')
const child = spawn(python, [far, 'far', kind], { stdio: ['ignore', 'inherit', 'inherit', there.fd] })
const ended = once(child, 'exit')
void there.close()

const ARRAY = '100 MiB of numpy'
const bytes = Buffer.alloc(64, 'c')
const large = Buffer.alloc(1 << 20, 'c')
const array = kind === ARRAY ? ndarray(new Float64Array((100 * (1 << 20)) / 8).fill(1)) : undefined
const kinds: Record<string, (index: number) => unknown> = {
  'small object': (index) => ({
    id: index,
    player: 'Ada',
    ball: { x: 0.25, y: 1.5 },
    scored: true,
    touched: ['red', 'cushion'],
  }),
  '64 B': () => bytes,
  '1 MiB': () => large,
  [ARRAY]: () => array,
}
const make = kinds[kind]!

async function runAsync(connection: Connection, count: number): Promise<void> {
  await connection.send([act, kind, count])
  if (act === 'round trip') {
    for (let index = 0; index < count; index++) {
      await connection.send(make(index))
      await connection.recv()
    }
  } else if (act === 'to Python') {
    for (let index = 0; index < count; index++) await connection.send(make(index))
    await connection.recv()
  } else {
    for (let index = 0; index < count; index++) await connection.recv()
  }
}

function runSync(connection: Connection, count: number): void {
  connection.sendSync([act, kind, count])
  if (act === 'round trip') {
    for (let index = 0; index < count; index++) {
      connection.sendSync(make(index))
      connection.recvSync()
    }
  } else if (act === 'to Python') {
    for (let index = 0; index < count; index++) connection.sendSync(make(index))
    connection.recvSync()
  } else {
    for (let index = 0; index < count; index++) connection.recvSync()
  }
}

const run = waiting === 'sync' ? runSync : runAsync
const stall = new Stall()
const found = await rate((count) => run(here, count), { warmUp: Number(warmUp), seconds: Number(seconds) })
await here.close()
await ended
console.log(`${found.messages / found.seconds} ${stall.end()}`)
