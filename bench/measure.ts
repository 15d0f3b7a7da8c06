import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import type { Case } from './cases.ts'
import { measureFloor } from './floor.ts'
import { program } from './places.ts'
import type { Bounds, Sample } from './workload.ts'

const run = promisify(execFile)
const near = program('near')

/**
 * Measures one case once, in two fresh processes: what one rival left behind (compiled code, garbage, a warm allocator) must
 * not help or hurt the next.
 */
export async function measure({ workload, rival, floor }: Case, bounds: Bounds): Promise<Sample> {
  if (floor) return measureFloor(floor, bounds)
  const args = [...process.execArgv, near, rival, workload, String(bounds.warmUp), String(bounds.seconds)]
  try {
    const { stdout } = await run(process.execPath, args, { timeout: 60_000 })
    return JSON.parse(stdout) as Sample
  } catch (error) {
    const { stderr = '', killed } = error as { stderr?: string; killed?: boolean }
    const reason = killed ? 'not done after a minute' : (/^.*Error\b.*$/m.exec(stderr)?.[0] ?? String(error))
    throw new Error(reason, { cause: error })
  }
}
