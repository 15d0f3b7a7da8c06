import type { Case } from './cases.ts'
import { type Spread, spread } from './stats.ts'
import type { Sample } from './workload.ts'

/** A case and what each round found; `undefined` where it failed. */
export interface Measured extends Case {
  samples: (Sample | undefined)[]
  errors: string[]
}

/** What a sample is compared by: its median round trip, its messages or its bytes a second. */
export type Kind = 'latency' | 'messages' | 'bytes'

/** A case's figures over all rounds. Latencies are in nanoseconds, rates per second. */
export interface Result {
  workload: string
  rival: string
  kind: Kind
  figure: Spread
  p99: Spread | undefined
  /** The figure divided by the floor's of the same round, so that what slowed both down cancels out. */
  ratio: Spread
}

/** From this size on, messages count by their bytes. */
const LARGE = 64 * 1024

/** The figures of all cases that succeeded at least once. */
export function results(all: readonly Measured[]): Result[] {
  return all.flatMap((measured) => {
    const floor = all.find((other) => other.workload === measured.workload && other.floor)
    const done = measured.samples.filter((sample) => sample !== undefined)
    const ratios = measured.samples.flatMap((sample, round) => {
      const base = floor?.samples[round]
      return sample && base ? [figure(sample) / figure(base)] : []
    })
    const [first] = done
    if (!first || ratios.length === 0) return []
    const p99 = done.flatMap((sample) => ('p99' in sample ? [sample.p99] : []))
    return {
      workload: measured.workload,
      rival: measured.rival,
      kind: kind(first),
      figure: spread(done.map(figure)),
      p99: p99.length > 0 ? spread(p99) : undefined,
      ratio: spread(ratios),
    }
  })
}

export function kind(sample: Sample): Kind {
  if ('p50' in sample) return 'latency'
  return sample.bytes / sample.messages < LARGE ? 'messages' : 'bytes'
}

/** The number that a sample is compared by. */
export function figure(sample: Sample): number {
  if ('p50' in sample) return sample.p50
  return (kind(sample) === 'bytes' ? sample.bytes : sample.messages) / sample.seconds
}
