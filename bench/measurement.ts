import { parseArgs } from 'node:util'

/** The time that one measurement may take. */
export interface Bounds {
  /** Seconds before anything is measured, for the compiler and the caches. */
  warmUp: number
  /** Seconds that are measured, about. */
  seconds: number
}

/** The command line of a measuring program: its arguments, and `--warm-up` and `--seconds`. */
export function measurement(): { args: string[]; bounds: Bounds } {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { 'warm-up': { type: 'string' }, seconds: { type: 'string' } },
  })
  return { args: positionals, bounds: { warmUp: Number(values['warm-up']), seconds: Number(values.seconds) } }
}
