import { quantile } from '../stats.ts'
import type { Bounds } from '../measurement.ts'
import type { LatencySample, ProcessorTime, Workload } from '../workload.ts'
import { payloadOf } from './bytes.ts'
import { shot } from './shot.ts'

/** Bounds the samples' memory, whatever time was asked for. */
const MOST_SAMPLES = 1_000_000

/** A message of `size` bytes there and back, one at a time. */
export function roundTrip(size: number): Workload {
  return {
    near: (end, bounds, processorTime) => latency(bounds, (again) => end.ping(payloadOf(size), again), processorTime),
    far: async (end) => end.echo(),
  }
}

/** A small object there and back, one at a time. */
export function roundTripObjects(): Workload {
  return {
    near: (end, bounds, processorTime) => {
      let index = 0
      return latency(bounds, (again) => end.pingObjects(() => shot(index++), again), processorTime)
    },
    far: async (end) => end.echoObjects(),
  }
}

/** Times the round trips of `ping`, which asks after each whether it shall go on. */
export async function latency(
  { warmUp, seconds }: Bounds,
  ping: (again: () => boolean) => Promise<void> | void,
  processorTime: ProcessorTime = () => undefined,
): Promise<LatencySample> {
  const samples = new Float64Array(MOST_SAMPLES)
  let count = 0
  let measured = Infinity
  let last = Infinity
  let before = 0
  let used: number | undefined
  await ping(() => {
    const now = performance.now()
    // The clock starts with the first message back: the far process may still have been starting before.
    if (before === 0) {
      measured = now + warmUp * 1e3
      last = measured + seconds * 1e3
    } else if (now >= measured) {
      samples[count++] = (now - before) * 1e6
    }
    before = now
    if (used === undefined && now >= measured) {
      used = processorTime()
      // To ask takes longer than a round trip.
      before = performance.now()
    }
    return (now < last || count === 0) && count < MOST_SAMPLES
  })
  const end = used === undefined ? undefined : processorTime()
  const sorted = samples.subarray(0, count).toSorted()
  return {
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    samples: count,
    ...(end !== undefined && { processor: end - used! }),
  }
}
