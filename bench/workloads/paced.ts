import { setInterval } from 'node:timers/promises'

import { nanoseconds } from '../rate.ts'
import { elsewhere } from '../tally.ts'
import type { CostSample, Workload } from '../workload.ts'
import { byteTally, openingFor, payloadOf, readArrived } from './bytes.ts'

/** Milliseconds from one message to the next: long enough that both ends sleep in between. */
const INTERVAL = 1

/** Raw messages of `size` bytes, one each millisecond: what it costs to wake, to receive, and to sleep again. */
export function paced(size: number): Workload {
  return {
    async near(end, { warmUp, seconds }): Promise<CostSample> {
      const payload = payloadOf(size)
      const run = async (count: number) => {
        const ticks = setInterval(INTERVAL)[Symbol.asyncIterator]()
        const answer = await end.sendBytes(openingFor(count), payload, count, () => ticks.next())
        await ticks.return?.()
        return readArrived(answer)
      }
      await run(Math.ceil((warmUp * 1e3) / INTERVAL))
      const count = Math.ceil((seconds * 1e3) / INTERVAL)
      const used = process.cpuUsage()
      const arrived = await run(count)
      const far = elsewhere(arrived)
      const value = nanoseconds(process.cpuUsage(used)) + far
      // Two threads of one process have no processor time of their own.
      return { cost: 'processor', value: value / count, ...(far > 0 && { far: far / count }) }
    },
    far: async (end) => end.receiveBytes(byteTally(size)),
  }
}
