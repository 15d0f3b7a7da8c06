import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { arch, availableParallelism, cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

import { root } from './places.ts'
import type { Pythons } from './pythons.ts'

/** The conditions that the figures depend on, to be read before them. */
export interface Machine {
  processor: string
  memory: string
  system: string
  /** How many processors were busy before: other work makes every figure worse. */
  load: string
  node: string
  rust: string
  python: string
  carom: string
  zeromq: string
  'node-ipc': string
  msgpackr: string
}

export async function machine(pythons: Pythons = {}): Promise<Machine> {
  return {
    processor: `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'unknown'}`,
    memory: `${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    system: `${type()} ${release()} ${arch()}`,
    load: (await busyProcessors()).toFixed(2),
    node: `${process.version} (V8 ${process.versions.v8}, libuv ${process.versions['uv']})`,
    rust: execFileSync('rustc', ['--version'], { encoding: 'utf8' }).trim(),
    python: describePythons(pythons),
    carom: versionIn(root),
    zeromq: `${installed('zeromq')} (libzmq ${libzmq()})`,
    'node-ipc': installed('node-ipc'),
    msgpackr: installed('msgpackr'),
  }
}

/** Over two seconds. The system's load average is still that of the build before. */
async function busyProcessors(): Promise<number> {
  const milliseconds = 2000
  const busy = () => cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq, 0)
  const before = busy()
  await setTimeout(milliseconds)
  return (busy() - before) / milliseconds
}

function describePythons({ python, billiard }: Pythons): string {
  if (!python) return 'none'
  if (!billiard) return python.name
  const print = 'import billiard; print(billiard.__version__)'
  const version = execFileSync(billiard.path, ['-c', print], { encoding: 'utf8' }).trim()
  return `${python.name}, billiard ${version}`
}

/** It comes as a binary, which not every platform has: there, only its own cases fail. */
function libzmq(): string {
  try {
    return (createRequire(import.meta.url)('zeromq') as { version: string }).version
  } catch {
    return 'does not load'
  }
}

/** The version of a package that is installed beside the benchmark. */
function installed(name: string): string {
  return versionIn(join(root, 'node_modules', name))
}

function versionIn(folder: string): string {
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version
}
