import { onMainThread } from '../native/builtins.js'
import { now } from './timers.js'

/**
 * How long one native call may block, in milliseconds; negative is for ever. `worker.terminate()` can't interrupt native
 * code, so a worker comes back to JavaScript from time to time, where it can.
 */
let sliceMax: number | undefined

function slice(): number {
  return (sliceMax ??= onMainThread() ? -1 : 100)
}

/** Says that this is the main thread, to a process that starts: asking Node takes a millisecond. */
export function assumeMainThread(): void {
  sliceMax = -1
}

/** A time limit for a call that blocks in slices. */
export class Deadline {
  readonly #end: number

  /** `Infinity` never comes. */
  constructor(milliseconds: number) {
    this.#end = milliseconds === Infinity ? Infinity : now() + milliseconds
  }

  /** The time that the next native call may wait. */
  slice(): number {
    const most = slice()
    if (this.#end === Infinity) return most
    return most < 0 ? this.left() : Math.min(this.left(), most)
  }

  /** Milliseconds to the end. */
  left(): number {
    return Math.max(this.#end - now(), 0)
  }

  expired(): boolean {
    return now() >= this.#end
  }
}

export const FOR_EVER: Deadline = new Deadline(Infinity)

/** Blocks for `milliseconds`. */
export function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}
