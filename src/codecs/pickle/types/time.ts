import { microsecondsOf, timeText } from './clock.js'
import { PythonText } from './text.js'
import { offsetText, PythonTimeDelta } from './time-delta.js'

/** A time of day, and maybe its offset from UTC. */
const TIME = /^([^+\-Z]+)(?:(Z)|([+-])(.+))?$/

/**
 * Python's `datetime.time`: a time of day, to the microsecond, and maybe an offset from UTC. `text` is what Python's
 * `isoformat()` gives.
 *
 * @example
 * ```ts
 * import { pickle, PythonTime } from 'carom/python'
 *
 * const read = pickle().decode(pickle().encode(new PythonTime('03:04:05.000006+02:00'))) as PythonTime
 * const { hour, minute, second, microsecond, fold, offset } = read
 * console.log(hour, minute, second, microsecond, fold, `${offset}`) // 3 4 5 6 0 2:00:00
 * ```
 */
export class PythonTime extends PythonText {
  /** The offset from UTC, where it has a fixed one. */
  readonly offset: PythonTimeDelta | undefined
  /** Of a time that comes twice, when clocks are turned back: `0` is the first, `1` the second. */
  readonly fold: 0 | 1

  /**
   * @param text - `HH:MM`, with seconds and up to six digits of them as well, and an offset such as `+02:00` or `Z`.
   * @param fold - Which of two equal times it is.
   */
  constructor(text: string, fold: 0 | 1 = 0) {
    const [, clock = '', utc, sign, size] = TIME.exec(text) ?? []
    const time = timeText(clock)
    const away = size === undefined ? undefined : timeText(size)
    if (time === undefined || (size !== undefined && away === undefined)) {
      throw new TypeError(`'${String(text).slice(0, 40)}' is not a time, as 03:04:05.000006 and 03:04+02:00 are`)
    }
    if (fold !== 0 && fold !== 1) throw new RangeError(`fold must be 0 or 1, not ${String(fold)}`)
    const offset = utc ? new PythonTimeDelta() : away === undefined ? undefined : offsetOf(away, sign === '-' ? -1 : 1)
    super(offset ? time + offsetText(offset) : time)
    this.offset = offset
    this.fold = fold
  }

  /** From 0 to 23. */
  get hour(): number {
    return Number(this.text.slice(0, 2))
  }

  /** From 0 to 59. */
  get minute(): number {
    return Number(this.text.slice(3, 5))
  }

  /** From 0 to 59. */
  get second(): number {
    return Number(this.text.slice(6, 8))
  }

  /** From 0 to 999,999. */
  get microsecond(): number {
    return microsecondsOf(this.text.replace(/[+-].*$/, ''))
  }
}

function offsetOf(time: string, sign: 1 | -1): PythonTimeDelta {
  const [hours, minutes, seconds] = time.split(':').map((part) => Math.floor(Number(part))) as [number, number, number]
  return new PythonTimeDelta(0, sign * (hours * 3600 + minutes * 60 + seconds), sign * microsecondsOf(time))
}
