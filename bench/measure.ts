import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import type { Case, Measurer } from './cases.ts'
import { floorProgram } from './floor.ts'
import { program } from './places.ts'
import { type Pythons, pythonProgram } from './pythons.ts'
import type { Bounds } from './measurement.ts'
import type { Sample } from './workload.ts'

const run = promisify(execFile)

/** A measurement that takes longer has hung. */
const MOST_MILLISECONDS = 180_000

/**
 * Measures one case once, in fresh processes: the remains of one rival (compiled code, garbage, a warm allocator) must
 * not help or hurt the next.
 */
export async function measure(
  { workload, rival, by }: Case,
  { warmUp, seconds }: Bounds,
  pythons: Pythons,
): Promise<Sample> {
  const [first = '', ...args] = by ? command(by, pythons) : [...node('near'), rival, workload]
  const bounds = ['--warm-up', String(warmUp), '--seconds', String(seconds)]
  try {
    const { stdout } = await run(first, [...args, ...bounds], { timeout: MOST_MILLISECONDS })
    return JSON.parse(stdout) as Sample
  } catch (error) {
    const { stderr = '', killed } = error as { stderr?: string; killed?: boolean }
    const reason = killed ? 'not done after three minutes' : (/^.*Error\b.*$/m.exec(stderr)?.[0] ?? String(error))
    throw new Error(reason, { cause: error })
  }
}

function command({ program: name, args }: Measurer, pythons: Pythons): string[] {
  if (name === 'floor') return [floorProgram, ...args]
  if (name === 'python' || name === 'billiard') return [...pythonProgram(name, pythons), ...args]
  if (name === 'crowd') return [...node('crowd/near', args[0] === 'memory' ? YOUNG : []), ...args]
  return [...node(name), ...args]
}

/** V8's young generation takes up to 32 MiB as it likes, which would be counted as the connections' memory. */
const YOUNG = ['--max-semi-space-size=1']

function node(name: string, flags: readonly string[] = []): string[] {
  return [process.execPath, ...flags, ...process.execArgv, program(name)]
}
