/**
 * Python's `slice`: what `x[start:stop:step]` passes as its index. A part that is not given is `null`.
 *
 * @example
 * ```ts
 * import { pickle, PythonSlice } from 'carom/python'
 *
 * const { start, stop, step } = pickle().decode(pickle().encode(new PythonSlice(1, 10))) as PythonSlice
 * console.log(start, stop, step) // 1 10 null
 * ```
 */
export class PythonSlice {
  /** Where it begins, or `null`. */
  readonly start: unknown
  /** Where it ends, or `null`. */
  readonly stop: unknown
  /** How far it goes each time, or `null`. */
  readonly step: unknown

  /** Mostly whole numbers and `null`, but Python allows anything. */
  constructor(start: unknown = null, stop: unknown = null, step: unknown = null) {
    this.start = start
    this.stop = stop
    this.step = step
  }
}
