// Measures how long processes take to start: `start.ts import <module>`, from the start of a process that only imports a module of
// `start/` to its end; `start.ts first-message <fork or Process>`, from the start of a child to its first message here.
import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { pipe, Process } from 'carom'

import { measurement } from './measurement.ts'
import { program } from './places.ts'
import { quantile } from './stats.ts'
import type { LatencySample } from './workload.ts'

/** The fewest starts to measure; there are more where the time allows. */
const FEWEST = 5

const {
  args: [what, name = ''],
  bounds,
} = measurement()

/** A program of the folder beside this one. */
const started = (file: string) => program(join('start', file))

async function startAndImport(): Promise<undefined> {
  execFileSync(process.execPath, [...process.execArgv, started(name)])
}

async function startFork(): Promise<() => Promise<unknown>> {
  const child = fork(started('forked'))
  const exited = once(child, 'exit')
  await once(child, 'message')
  return () => exited
}

async function startProcess(): Promise<() => Promise<unknown>> {
  const [here, there] = pipe()
  const child = new Process(pathToFileURL(started('target')), { target: 'hello', args: [there] })
  void child.start()
  await here.recv()
  return async () => {
    await child.join()
    await child.close()
    await here.close()
  }
}

type Start = () => Promise<() => Promise<unknown>> | Promise<undefined>
const kinds: Record<string, Start> = { fork: startFork, Process: startProcess }
const start = what === 'import' ? startAndImport : kinds[name]
if (!start) throw new RangeError(`no start is called ${JSON.stringify(name)}`)

// Reads the files into the kernel's cache.
await (
  await start()
)?.()
const times: number[] = []
const end = performance.now() + bounds.seconds * 1e3
while (times.length < FEWEST || performance.now() < end) {
  const begin = performance.now()
  const finish = await start()
  times.push((performance.now() - begin) * 1e6)
  await finish?.()
}
times.sort((a, b) => a - b)
const sample: LatencySample = { p50: quantile(times, 0.5), p99: quantile(times, 0.99), samples: times.length }
console.log(JSON.stringify(sample))
