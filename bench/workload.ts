import type { Bounds } from './measurement.ts'
import type { End } from './rival.ts'

/** The result of one measurement of a latency; times in nanoseconds. */
export interface LatencySample {
  p50: number
  p99: number
  samples: number
  /** Nanoseconds of processor time that both ends spent on all of them, where the system says it. */
  processor?: number
}

/** The result of one measurement of a throughput. `bytes` are payload as the workload counts it. */
export interface RateSample {
  messages: number
  bytes: number
  seconds: number
  /** Nanoseconds of processor time that both ends spent on it. */
  processor?: number
}

/** The result of one measurement of a cost. */
export interface CostSample {
  /** Nanoseconds of processor time a message, bytes of memory a connection, or the busy share of a processor, 0 to 1. */
  cost: 'processor' | 'memory' | 'load'
  value: number
  /** The far end's part of `value`, or the far end's own where `value` is only the near end's. */
  far?: number
}

/** Tells nanoseconds of processor time. */
export type ProcessorTime = () => number | undefined

export type Sample = LatencySample | RateSample | CostSample

/** The work of two ends: the measuring process runs `near`, the far process `far` until the near end closes. */
export interface Workload {
  /** `processorTime`: nanoseconds that both processes have spent so far, where the system says it. */
  near(end: End, bounds: Bounds, processorTime: ProcessorTime): Promise<Sample>
  far(end: End): Promise<void>
}
