import type { Bounds } from './measurement.ts'

/** Bounds a run, whatever time was asked for. */
const MOST_MESSAGES = 50_000_000

/** The result of a run of `rate`. */
export interface Rate {
  messages: number
  seconds: number
  /** Nanoseconds of processor time: this process's, and what `run` returned as the other's. */
  processor: number
}

/**
 * Times `run(count)` with a count that makes it last about `seconds`. The count comes from runs that double until one is as
 * long as the warm-up, which also gives the compiler time to optimize.
 */
export async function rate(
  run: (count: number) => Promise<number | void> | number | void,
  { warmUp, seconds }: Bounds,
): Promise<Rate> {
  const measured = async (messages: number): Promise<Rate> => {
    const used = process.cpuUsage()
    const start = performance.now()
    const others = (await run(messages)) ?? 0
    const took = performance.now() - start
    return { messages, seconds: took / 1e3, processor: nanoseconds(process.cpuUsage(used)) + others }
  }
  // The far process may still be starting.
  await run(1)
  let last = await measured(1)
  while (last.seconds < warmUp && last.messages < MOST_MESSAGES / 2) last = await measured(last.messages * 2)
  const wanted = Math.round((last.messages * seconds) / last.seconds)
  return measured(Math.max(1, Math.min(MOST_MESSAGES, wanted)))
}

/** Processor time as one number. */
export function nanoseconds({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) * 1e3
}
