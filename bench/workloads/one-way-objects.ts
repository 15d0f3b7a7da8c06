import { type Rate, rate } from '../rate.ts'
import { type Arrived, elsewhere, Tally } from '../tally.ts'
import type { RateSample, Workload } from '../workload.ts'
import { shot, type Shot, SHOT_SIZE } from './shot.ts'

/** Small objects in one direction, as many as the connection takes. */
export function oneWayObjects(): Workload {
  return {
    async near(end, bounds): Promise<RateSample> {
      const run = async (count: number) => elsewhere((await end.sendObjects({ count }, shot, count)) as Arrived)
      const found: Rate = await rate(run, bounds)
      return { ...found, bytes: found.messages * SHOT_SIZE }
    },
    async far(end) {
      const tally = new Tally<object>({
        announced: (opening) => (opening as { count: number }).count,
        check: (message, index) => {
          const { id, ball, touched } = message as Shot
          return id === index && ball.y === 1.5 && touched[1] === 'cushion'
        },
        answer: (arrived) => arrived,
      })
      await end.receiveObjects(tally)
    },
  }
}
