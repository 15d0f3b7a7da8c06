import type { Bounds } from './workload.ts'

/** Bounds a run, whatever time was asked for. */
const MOST_MESSAGES = 50_000_000

/**
 * Times `run(count)` with a count that makes it last about `seconds`. The count comes from runs that double until one is as
 * long as the warm-up, which also gives the compiler what it needs.
 */
export async function rate(
  run: (count: number) => Promise<void> | void,
  { warmUp, seconds }: Bounds,
): Promise<{ messages: number; seconds: number }> {
  const timed = async (count: number): Promise<number> => {
    const start = performance.now()
    await run(count)
    return (performance.now() - start) / 1e3
  }
  // The far process may still be starting.
  await run(1)
  let count = 16
  let time = await timed(count)
  while (time < warmUp && count < MOST_MESSAGES / 2) {
    count *= 2
    time = await timed(count)
  }
  const messages = Math.max(1, Math.min(MOST_MESSAGES, Math.round((count * seconds) / time)))
  return { messages, seconds: await timed(messages) }
}
