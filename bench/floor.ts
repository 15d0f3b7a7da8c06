import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { root } from './places.ts'
import type { Bounds, Sample } from './workload.ts'

const run = promisify(execFile)
const folder = join(root, 'bench/floor')
const executable = join(folder, 'target/release/carom-floor')

/** Builds the floor program; does nothing when it is up to date. */
export async function buildFloor(): Promise<void> {
  await run('cargo', ['build', '--release', '--locked', '--quiet', '--target-dir', 'target'], { cwd: folder })
}

/** Runs one of the floor program's workloads: `args` are those that its own documentation names. */
export async function measureFloor(args: readonly string[], { warmUp, seconds }: Bounds): Promise<Sample> {
  const bounds = ['--warm-up', String(warmUp), '--seconds', String(seconds)]
  const { stdout } = await run(executable, [...args, ...bounds], { timeout: 60_000 })
  return JSON.parse(stdout) as Sample
}
