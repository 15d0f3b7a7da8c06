/**
 * Python's `range`: whole numbers from `start`, in steps, up to `stop`, which it leaves out.
 *
 * @example
 * ```ts
 * import { pickle, PythonRange } from 'carom/python'
 *
 * const range = pickle().decode(pickle().encode(new PythonRange(0, 6, 2))) as PythonRange
 * console.log([...range], range.start, range.stop, range.step) // [ 0, 2, 4 ] 0 6 2
 * ```
 */
export class PythonRange implements Iterable<number | bigint> {
  /** The first number. */
  readonly start: number | bigint
  /** The first number that is left out. */
  readonly stop: number | bigint
  /** Never 0. */
  readonly step: number | bigint

  /** Whole numbers; one too large to be exact as a `number` must be a `bigint`. */
  constructor(start: number | bigint, stop: number | bigint, step: number | bigint = 1) {
    for (const [name, part] of Object.entries({ start, stop, step })) {
      if (typeof part !== 'bigint' && !Number.isSafeInteger(part)) {
        throw new TypeError(`the ${name} of a range must be a whole number, not ${String(part)}`)
      }
    }
    if (step === 0 || step === 0n) throw new RangeError(`the step of a range can't be 0`)
    this.start = start
    this.stop = stop
    this.step = step
  }

  *[Symbol.iterator](): Generator<number | bigint, void, undefined> {
    const { start, stop, step } = this
    if (typeof start === 'number' && typeof stop === 'number' && typeof step === 'number') {
      for (let n = start; step > 0 ? n < stop : n > stop; n += step) yield n
    } else {
      for (let n = BigInt(start); step > 0 ? n < stop : n > stop; n += BigInt(step)) yield n
    }
  }

  /** As Python's `str()` gives it: `range(0, 3)`. */
  toString(): string {
    const { start, stop, step } = this
    return step === 1 || step === 1n ? `range(${start}, ${stop})` : `range(${start}, ${stop}, ${step})`
  }
}
