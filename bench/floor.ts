import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import type { Bounds, Sample } from './workload.ts'

const run = promisify(execFile)
const folder = fileURLToPath(new URL('./floor/', import.meta.url))
const executable = fileURLToPath(new URL('./floor/target/release/carom-floor', import.meta.url))

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
