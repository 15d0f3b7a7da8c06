import { quantile } from '../stats.ts'
import type { LatencySample, Workload } from '../workload.ts'

/** Bounds the samples' memory, whatever time was asked for. */
const MOST_SAMPLES = 1_000_000

/** A message of `size` bytes there and back, one at a time. */
export function roundTrip(size: number): Workload {
  return {
    async near(end, { warmUp, seconds }): Promise<LatencySample> {
      const payload = Buffer.alloc(size, 'c')
      const samples = new Float64Array(MOST_SAMPLES)
      let count = 0
      let measured = Infinity
      let last = Infinity
      let before = 0
      await end.ping(payload, () => {
        const now = performance.now()
        // The clock starts with the first message back: the far process may still have been starting before.
        if (before === 0) {
          measured = now + warmUp * 1e3
          last = measured + seconds * 1e3
        } else if (now >= measured) {
          samples[count++] = (now - before) * 1e6
        }
        before = now
        return now < last && count < MOST_SAMPLES
      })
      const sorted = samples.subarray(0, count).toSorted()
      return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), samples: count }
    },
    async far(end) {
      await end.echo()
    },
  }
}
