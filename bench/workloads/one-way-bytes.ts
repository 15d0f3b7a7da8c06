import { rate } from '../rate.ts'
import { elsewhere } from '../tally.ts'
import type { RateSample, Workload } from '../workload.ts'
import { byteTally, openingFor, payloadOf, readArrived } from './bytes.ts'

/** Raw messages of `size` bytes in one direction, as many as the connection takes. */
export function oneWayBytes(size: number): Workload {
  return {
    async near(end, bounds): Promise<RateSample> {
      const payload = payloadOf(size)
      const run = async (count: number) =>
        elsewhere(readArrived(await end.sendBytes(openingFor(count), payload, count)))
      const found = await rate(run, bounds)
      return { ...found, bytes: found.messages * size }
    },
    far: async (end) => end.receiveBytes(byteTally(size)),
  }
}
