// Measures the cost of a receiver that nothing is sent to: `alone.ts <iteration or decoding> --warm-up <seconds> --seconds <seconds>`. It
// iterates, awaiting each step, over messages that lie in its memory: what JavaScript itself leaves to any library that
// hands out one message at a time.
import { Packr } from 'msgpackr'

import { measurement } from './measurement.ts'
import { rate } from './rate.ts'
import type { RateSample } from './workload.ts'
import { byteTally, openingFor, payloadOf } from './workloads/bytes.ts'
import { SHOT_SIZE, type Shot, shot } from './workloads/shot.ts'

const {
  args: [what],
  bounds,
} = measurement()

/** As much as one read of a socket brings. */
const MEMORY = 64 * 1024

function iterator<Message>(count: number, make: (n: number) => Message): AsyncIterableIterator<Message> {
  let n = 0
  return {
    next: () =>
      Promise.resolve(
        n < count ? { value: make(n++), done: false as const } : { value: undefined, done: true as const },
      ),
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

const SIZE = 64
const payloads = Buffer.concat(Array.from({ length: MEMORY / SIZE }, () => payloadOf(SIZE)))
async function iteration(count: number): Promise<void> {
  const tally = byteTally(SIZE)
  tally.take(openingFor(count))
  const views = iterator(count, (n) => {
    const start = (n * SIZE) % MEMORY
    return payloads.subarray(start, start + SIZE)
  })
  for await (const view of views) tally.take(view)
}

const packr = new Packr({ useRecords: false })
/** Each in memory of its own, which is what msgpackr decodes fastest. */
const packed = Array.from({ length: 100 }, (_, n) => Buffer.from(packr.pack(shot(100_000 + n))))
async function decoding(count: number): Promise<void> {
  const values = iterator(count, (n) => packr.unpack(packed[n % 100]!) as Shot)
  let n = 0
  for await (const value of values) if (value.id !== 100_000 + (n++ % 100)) throw new Error('not what was packed')
}

const found = await rate(what === 'decoding' ? decoding : iteration, bounds)
const sample: RateSample = { ...found, bytes: found.messages * (what === 'decoding' ? SHOT_SIZE : SIZE) }
console.log(JSON.stringify(sample))
