/** Python's `slice`: what `x[start:stop:step]` passes as its index. A part that is not given is `null`. */
export class PythonSlice {
  readonly start: unknown
  readonly stop: unknown
  readonly step: unknown

  /** Mostly whole numbers and `null`, but Python allows anything. */
  constructor(start: unknown = null, stop: unknown = null, step: unknown = null) {
    this.start = start
    this.stop = stop
    this.step = step
  }
}
