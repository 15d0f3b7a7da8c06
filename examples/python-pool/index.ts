// A pool of Python processes: each job goes to one that is idle.
//
// Run it: node --import @oxc-node/core/register examples/python-pool/index.ts

import { activeChildren, Process, wait } from 'carom'

const SIZE = 3
const JOBS = 12

const workers = Array.from({ length: SIZE }, (_, n) => {
  return new Process(new URL('./square.py', import.meta.url), { serve: true, name: `worker-${n}` })
})
await Promise.all(workers.map((worker) => worker.start()))
console.log(
  `${activeChildren().length} processes run: ${activeChildren()
    .map(({ name }) => name)
    .join(', ')}`,
)

const used = new Set<number>()
const squares: number[] = []
let next = 0

/** Gives one process a job after the other. */
async function work(worker: Process): Promise<void> {
  while (next < JOBS) {
    const job = next++
    const [square, pid] = (await worker.remote['square']!(job)) as [number, number]
    squares[job] = square
    used.add(pid)
  }
}

await Promise.all(workers.map(work))
console.log(`the squares are ${squares.join(' ')}, by ${used.size} processes`)

// Each process is waitable: it is ready when it has ended.
const stopping = Promise.all(workers.map((worker) => worker.stop()))
const [first] = await wait(workers)
console.log(`the first that has ended is one of them: ${workers.includes(first!)}`)
await stopping
console.log(`${activeChildren().length} processes run`)
