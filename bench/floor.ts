import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { root } from './places.ts'

const folder = join(root, 'bench/floor')

/** The program of bare system calls, once `buildFloor` has built it. */
export const floorProgram: string = join(folder, 'target/release/carom-floor')

/** Builds the floor program; does nothing when it is up to date. */
export async function buildFloor(): Promise<void> {
  const args = ['build', '--release', '--locked', '--quiet', '--target-dir', 'target']
  await promisify(execFile)('cargo', args, { cwd: folder })
}
