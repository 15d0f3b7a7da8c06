import type { Case } from './cases.ts'
import { type Spread, spread } from './stats.ts'
import type { Sample } from './workload.ts'

/** A case and what each round found; `undefined` where it failed, or where the case was not in the round. */
export interface Measured extends Case {
  samples: (Sample | undefined)[]
  errors: string[]
}

/** The figure that samples are compared by: the median time, the messages or bytes a second, or the cost. */
export type Kind = 'latency' | 'messages' | 'bytes' | 'processor' | 'memory' | 'load'

/** A case's figures over all rounds. Times are in nanoseconds, rates per second. */
export interface Result {
  workload: string
  rival: string
  kind: Kind
  figure: Spread
  /** The 99th percentile of a latency, the processor time of a message at full rate, or the far end's part of a cost. */
  detail: Spread | undefined
  /** Nanoseconds of processor time that both ends spent on a round trip. */
  processor: Spread | undefined
  /** The figure divided by that of the workload's first case in the same round, so that what slowed both down cancels out. */
  ratio: Spread | undefined
  curve?: true
}

/** From this size on, messages count by their bytes. */
const LARGE = 64 * 1024

/** The figures of all cases that succeeded at least once. */
export function results(all: readonly Measured[]): Result[] {
  return all.flatMap((measured) => {
    const { workload, rival, curve } = measured
    const base = all.find((other) => other.workload === workload)
    const done = measured.samples.filter((sample) => sample !== undefined)
    const [first] = done
    if (!first) return []
    const ratios = measured.samples.flatMap((sample, round) => {
      const compared = base?.samples[round]
      return sample && compared && figure(compared) > 0 ? [figure(sample) / figure(compared)] : []
    })
    const details = done.flatMap((sample) => detail(sample) ?? [])
    const processors = done.flatMap((sample) => processorTime(sample) ?? [])
    return {
      workload,
      rival,
      kind: kind(first),
      figure: spread(done.map(figure)),
      detail: details.length > 0 ? spread(details) : undefined,
      processor: processors.length > 0 ? spread(processors) : undefined,
      ratio: ratios.length > 0 ? spread(ratios) : undefined,
      ...(curve && { curve }),
    }
  })
}

export function kind(sample: Sample): Kind {
  if ('p50' in sample) return 'latency'
  if ('cost' in sample) return sample.cost
  return sample.bytes / sample.messages < LARGE ? 'messages' : 'bytes'
}

/** The number that a sample is compared by. */
export function figure(sample: Sample): number {
  if ('p50' in sample) return sample.p50
  if ('cost' in sample) return sample.value
  return (kind(sample) === 'bytes' ? sample.bytes : sample.messages) / sample.seconds
}

function processorTime(sample: Sample): number | undefined {
  if (!('p50' in sample) || sample.processor === undefined) return undefined
  return sample.processor / sample.samples
}

function detail(sample: Sample): number | undefined {
  if ('p50' in sample) return sample.p99
  if ('cost' in sample) return sample.far
  return sample.processor === undefined ? undefined : sample.processor / sample.messages
}
