import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { arch, availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'
import { join } from 'node:path'

import { root } from './places.ts'

/** What the figures depend on, to be read before them. */
export interface Machine {
  processor: string
  memory: string
  system: string
  /** Processes that were running or waiting to, over the last minute: other work makes every figure worse. */
  load: string
  node: string
  rust: string
  carom: string
}

export function machine(): Machine {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    version: string
  }
  return {
    processor: `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'unknown'}`,
    memory: `${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    system: `${type()} ${release()} ${arch()}`,
    load: loadavg()[0]?.toFixed(2) ?? 'unknown',
    node: `${process.version} (V8 ${process.versions.v8}, libuv ${process.versions['uv']})`,
    rust: execFileSync('rustc', ['--version'], { encoding: 'utf8' }).trim(),
    carom: version,
  }
}
