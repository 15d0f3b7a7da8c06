// How long it takes from the start of a child to its first message here: by carom's Process, and by child_process.fork. Run it
// compiled: npm run build:programs && node build/bench/start.js
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { pipe, Process } from 'carom'

import { median } from './stats.ts'

const ROUNDS = 40

const folder = mkdtempSync(join(tmpdir(), 'carom-start-'))
const [forked, target] = [join(folder, 'forked.mjs'), join(folder, 'target.mjs')]
writeFileSync(forked, "process.send('hello')\nprocess.disconnect()\n")
writeFileSync(target, "export const hello = (connection) => connection.sendSync('hello')\n")

async function startFork(): Promise<number> {
  const begin = performance.now()
  const child = fork(forked)
  const exited = once(child, 'exit')
  await once(child, 'message')
  const took = performance.now() - begin
  await exited
  return took
}

async function startProcess(): Promise<number> {
  const begin = performance.now()
  const [here, there] = pipe()
  await using child = new Process(pathToFileURL(target), { target: 'hello', args: [there] })
  void child.start()
  await here.recv()
  const took = performance.now() - begin
  await child.join()
  await here.close()
  return took
}

const times = { fork: [] as number[], Process: [] as number[] }
try {
  for (let round = 0; round < ROUNDS; round++) {
    times.fork.push(await startFork())
    times.Process.push(await startProcess())
  }
} finally {
  rmSync(folder, { recursive: true })
}
const [base, own] = [median(times.fork), median(times.Process)]
console.log(`from the start to the first message, median of ${ROUNDS}, Node ${process.versions.node}:`)
console.log(`child_process.fork ${base.toFixed(1)} ms, Process ${own.toFixed(1)} ms: ${(own / base).toFixed(2)} times`)
