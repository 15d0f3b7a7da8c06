import { Tally } from '../tally.ts'
import type { RateSample, Workload } from '../workload.ts'
import { rate } from '../rate.ts'

const FILL = 0x63

/** Raw messages of `size` bytes in one direction, as many as the connection takes. */
export function oneWayBytes(size: number): Workload {
  return {
    async near(end, bounds): Promise<RateSample> {
      const payload = Buffer.alloc(size, FILL)
      const opening = Buffer.alloc(4)
      const run = (count: number) => {
        opening.writeUInt32BE(count)
        return end.sendBytes(opening, payload, count)
      }
      const { messages, seconds } = await rate(run, bounds)
      return { messages, bytes: messages * size, seconds }
    },
    async far(end) {
      const tally = new Tally<Uint8Array>({
        announced: (opening) => new DataView(opening.buffer, opening.byteOffset, opening.byteLength).getUint32(0),
        check: (message) => message.length === size && message[0] === FILL && message[size - 1] === FILL,
        answer: Buffer.alloc(4),
      })
      await end.receiveBytes(tally)
    },
  }
}
