import { setInterval } from 'node:timers/promises'

import { nanoseconds } from '../rate.ts'
import type { End, Pace } from '../rival.ts'
import { elsewhere } from '../tally.ts'
import type { CostSample, Workload } from '../workload.ts'
import { byteTally, openingFor, payloadOf, readArrived } from './bytes.ts'

/** When messages are sent, over and over. */
interface Schedule {
  /** Messages a second, about. */
  rate: number
  start(): { pace: Pace; stop: () => void }
}

/** One a millisecond: long enough that both ends sleep in between. */
export const eachMillisecond: Schedule = {
  rate: 1000,
  start() {
    const ticks = setInterval(1)[Symbol.asyncIterator]()
    return { pace: () => ticks.next(), stop: () => void ticks.return?.() }
  },
}

/** After 0 to 400 microseconds, the same ones in each run: no spinning can learn anything from them. For blocking senders only. */
export const irregular: Schedule = {
  rate: 5000,
  start() {
    let state = 1
    const pace = async () => {
      // The generator of Park and Miller.
      state = (state * 48_271) % 2_147_483_647
      sleep((state / 2_147_483_647) * 0.4)
    }
    return { pace, stop: () => {} }
  },
}

/** Sixty-four at once, and a pause of five milliseconds. For blocking senders only. */
export const bursts: Schedule = {
  rate: 12_800,
  start() {
    let sent = 0
    const pace = async () => {
      if (sent++ % 64 === 0) sleep(5)
    }
    return { pace, stop: () => {} }
  },
}

/** Raw messages of `size` bytes when the schedule says: measures the cost of waking, receiving, and sleeping again. */
export const paced =
  (schedule: Schedule) =>
  (size: number): Workload => ({
    async near(end, { warmUp, seconds }): Promise<CostSample> {
      const payload = payloadOf(size)
      const messages = (time: number) => Math.ceil(time * schedule.rate)
      await run(end, payload, messages(warmUp), schedule)
      const count = messages(seconds)
      const used = process.cpuUsage()
      const arrived = await run(end, payload, count, schedule)
      const far = elsewhere(arrived)
      const value = nanoseconds(process.cpuUsage(used)) + far
      // Two threads of one process have no processor time of their own.
      return { cost: 'processor', value: value / count, ...(far > 0 && { far: far / count }) }
    },
    far: async (end) => end.receiveBytes(byteTally(size)),
  })

async function run(end: End, payload: Uint8Array, count: number, schedule: Schedule) {
  const { pace, stop } = schedule.start()
  const answer = await end.sendBytes(openingFor(count), payload, count, pace)
  stop()
  return readArrived(answer)
}

const never = new Int32Array(new SharedArrayBuffer(4))

/** Blocks for some milliseconds: a timer of the event loop counts in whole ones. */
function sleep(milliseconds: number): void {
  Atomics.wait(never, 0, 0, milliseconds)
}
