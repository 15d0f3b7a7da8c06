// A Node service that has a Python worker process compute for it: requests in flight, replies by number.
//
// Run it: node --import @oxc-node/core/register examples/python-worker/index.ts

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { ConnectionClosedError, pipe } from 'carom'

interface Job {
  id: number
  xs: Float64Array
  ys: Float64Array
}

interface Line {
  id: number
  slope: number
  intercept: number
}

// Python's send and recv are pickles; a Float64Array arrives as an array.array, which numpy takes without a copy.
const [connection, workerEnd] = pipe<Line, Job>({ codec: 'pickle' })
const file = fileURLToPath(new URL('./worker.py', import.meta.url))
const worker = spawn(process.env['PYTHON'] ?? 'python3', [file], {
  stdio: ['ignore', 'inherit', 'inherit', workerEnd.fd],
})
const ended = once(worker, 'exit')
await workerEnd.close()

const waiting = new Map<number, (line: Line) => void>()
let jobs = 0

/** A function that a service would export: any number of calls may be under way. */
async function fit(points: (x: number) => number): Promise<Line> {
  const xs = Float64Array.from({ length: 10_000 }, (_, x) => x)
  const id = jobs++
  const line = new Promise<Line>((resolve) => waiting.set(id, resolve))
  await connection.send({ id, xs, ys: xs.map(points) })
  return line
}

async function receive(): Promise<void> {
  try {
    for await (const line of connection) {
      waiting.get(line.id)?.(line)
      waiting.delete(line.id)
    }
  } catch (error) {
    // We have closed it.
    if (!(error instanceof ConnectionClosedError)) throw error
  }
}

const receiving = receive()
const lines = await Promise.all([fit((x) => 2 * x + 1), fit((x) => 100 - x / 4), fit(() => 42)])
for (const { slope, intercept } of lines) console.log(`y = ${slope.toFixed(2)} x + ${intercept.toFixed(2)}`)

// The worker sees the end, and ends.
await connection.close()
await receiving
const [code] = await ended
console.log(`the worker exited with ${code}`)
