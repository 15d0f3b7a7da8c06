// Processes and workers that end in the middle of traffic, at moments that a seed decides.

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import test, { type ExecutionContext } from 'ava'
import { type Connection, pipe } from 'carom'
import { startChild } from './children.ts'
import { checkDescriptors, expectNoMoreDescriptorsThan, openDescriptors } from './descriptors.ts'
import { pair } from './pairs.ts'
import { random } from './random.ts'

checkDescriptors(test)

const MiB = 1024 * 1024
/** The number of workers that are terminated: `CAROM_TERMINATIONS` for more. */
const COUNT = Number(process.env['CAROM_TERMINATIONS'] ?? 60)

/** Sends and receives until the other side is gone. */
async function traffic(end: Connection): Promise<void> {
  const sending = (async () => {
    for (;;) await end.sendBytes(Buffer.alloc(20_000))
  })().catch(() => {})
  await (async () => {
    for await (const bytes of end.bytes()) void bytes.length
  })().catch(() => {})
  await Promise.all([sending, end.close()])
}

for (const [how, ending] of [
  ['exit', { code: 7, signal: null }],
  ['exit-in-receive', { code: 7, signal: null }],
  ['throw', { code: 1, signal: null }],
  ['kill', { code: null, signal: 'SIGKILL' }],
] as const) {
  test(`processes that end in the middle of traffic, by ${how}, neither hang nor crash`, async (t) => {
    const next = random(t)
    for (let n = 0; n < 3; n++) {
      const [[near, far], [near2, far2]] = [pair(t), pair(t)]
      const args = [how, String(Math.floor(next() * 60))]
      const child = startChild(t, 'exit-in-traffic.ts', { ends: [far, far2], args })
      await Promise.all([traffic(near), traffic(near2)])
      t.like(await child.ended, ending)
    }
  })
}

/** A worker, whose ends of two connections are in traffic. */
async function terminateOne(moment: number): Promise<void> {
  const [[near, far], [near2, far2]] = [pipe(), pipe()]
  const fds = [far.detach(), far2.detach()]
  const worker = new Worker(new URL('./fixtures/traffic-worker.mjs', import.meta.url), {
    workerData: fds,
    execArgv: [],
  })
  const exited = once(worker, 'exit')
  // It takes the descriptors as soon as it runs: only from then on are they its own to close.
  await once(worker, 'message')
  const done = Promise.all([traffic(near), traffic(near2)])
  await new Promise((resolve) => setTimeout(resolve, moment))
  await worker.terminate()
  await Promise.all([exited, done])
}

async function terminateMany(t: ExecutionContext, count: number): Promise<void> {
  const next = random(t)
  for (let n = 0; n < count; n += 4) await Promise.all(Array.from({ length: 4 }, () => terminateOne(next() * 4)))
}

test.serial('workers that are terminated at random moments crash nothing, and leave nothing', async (t) => {
  const descriptors = openDescriptors()
  await terminateMany(t, 20)
  const before = process.memoryUsage.rss()
  await terminateMany(t, COUNT)
  await expectNoMoreDescriptorsThan(descriptors)
  const grown = process.memoryUsage.rss() - before
  t.true(grown < 128 * MiB, `memory grew by ${grown} bytes`)
})
