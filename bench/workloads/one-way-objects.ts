import { Tally } from '../tally.ts'
import type { RateSample, Workload } from '../workload.ts'
import { rate } from '../rate.ts'

interface Shot {
  id: number
  player: string
  ball: { x: number; y: number }
  scored: boolean
  touched: string[]
}

/** A small object: each is new and carries its number, so that no rival can send an encoding that it kept. */
function shot(index: number): Shot {
  return { id: index, player: 'Ada', ball: { x: 0.25, y: 1.5 }, scored: true, touched: ['red', 'cushion'] }
}

/** What the object's bytes count as, so that all rivals are credited alike: its JSON, whatever crosses. */
const SIZE = JSON.stringify(shot(123_456)).length

/** Small objects in one direction, as many as the connection takes. */
export function oneWayObjects(): Workload {
  return {
    async near(end, bounds): Promise<RateSample> {
      const { messages, seconds } = await rate((count) => end.sendObjects({ count }, shot, count), bounds)
      return { messages, bytes: messages * SIZE, seconds }
    },
    async far(end) {
      const tally = new Tally<object>({
        announced: (opening) => (opening as { count: number }).count,
        check: (message, index) => {
          const { id, ball, touched } = message as Shot
          return id === index && ball.y === 1.5 && touched[1] === 'cushion'
        },
        answer: { received: true },
      })
      await end.receiveObjects(tally)
    },
  }
}
