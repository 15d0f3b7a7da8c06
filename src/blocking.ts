import { isMainThread } from 'node:worker_threads'

/**
 * How long one native call may block, in milliseconds; negative is for ever. `worker.terminate()` can't interrupt native
 * code, so a worker comes back to JavaScript from time to time, where it can.
 */
const SLICE = isMainThread ? -1 : 100

/** A time limit for a call that blocks in slices. */
export class Deadline {
  readonly #end: number

  /** `Infinity` never comes. */
  constructor(milliseconds: number) {
    this.#end = milliseconds === Infinity ? Infinity : performance.now() + milliseconds
  }

  /** What the next native call may wait. */
  slice(): number {
    if (this.#end === Infinity) return SLICE
    return SLICE < 0 ? this.left() : Math.min(this.left(), SLICE)
  }

  /** Milliseconds to the end. */
  left(): number {
    return Math.max(this.#end - performance.now(), 0)
  }

  expired(): boolean {
    return performance.now() >= this.#end
  }
}

export const FOR_EVER: Deadline = new Deadline(Infinity)
