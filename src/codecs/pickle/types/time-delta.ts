import { digits, timeOf } from './clock.js'

const MICROSECONDS_PER_DAY = 86_400_000_000
const MOST_DAYS = 999_999_999

/**
 * Python's `datetime.timedelta`: a duration, to the microsecond. It is kept as Python keeps it: `seconds` and `microseconds`
 * count from 0, so a negative duration has negative `days`.
 *
 * @example
 * ```ts
 * import { pickle, PythonTimeDelta } from 'carom/python'
 *
 * const read = pickle().decode(pickle().encode(PythonTimeDelta.fromMilliseconds(90_000_000.5))) as PythonTimeDelta
 * console.log(read.days, read.seconds, read.microseconds, read.milliseconds) // 1 3600 500 90000000.5
 * console.log(`${read}`) // 1 day, 1:00:00.000500
 * ```
 */
export class PythonTimeDelta {
  /** From −999,999,999 to 999,999,999. */
  readonly days: number
  /** From 0 to 86,399. */
  readonly seconds: number
  /** From 0 to 999,999. */
  readonly microseconds: number

  /** Whole numbers of any size and sign, which are added up. */
  constructor(days = 0, seconds = 0, microseconds = 0) {
    for (const [name, part] of Object.entries({ days, seconds, microseconds })) {
      if (!Number.isSafeInteger(part)) throw new TypeError(`${name} must be a whole number, not ${String(part)}`)
    }
    const allSeconds = seconds + Math.floor(microseconds / 1e6)
    this.days = days + Math.floor(allSeconds / 86_400)
    this.seconds = allSeconds - Math.floor(allSeconds / 86_400) * 86_400
    this.microseconds = microseconds - Math.floor(microseconds / 1e6) * 1e6
    if (Math.abs(this.days) > MOST_DAYS)
      throw new RangeError(`a timedelta has up to ${MOST_DAYS} days, not ${this.days}`)
  }

  /** A duration of so many milliseconds, to the microsecond. */
  static fromMilliseconds(milliseconds: number): PythonTimeDelta {
    const whole = Math.floor(milliseconds / 1000)
    return new PythonTimeDelta(0, whole, Math.round((milliseconds - whole * 1000) * 1000))
  }

  /** All of it, in milliseconds. */
  get milliseconds(): number {
    return (this.days * MICROSECONDS_PER_DAY + this.seconds * 1e6 + this.microseconds) / 1000
  }

  /** As Python's `str()` gives it: `1 day, 2:03:04.000005`. */
  toString(): string {
    const { days, seconds } = this
    const time = timeOf(Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60, this.microseconds)
    const text = time.startsWith('0') ? time.slice(1) : time
    return days === 0 ? text : `${days} day${Math.abs(days) === 1 ? '' : 's'}, ${text}`
  }

  toJSON(): string {
    return this.toString()
  }
}

/** An offset from UTC as Python writes it: `+02:00`, with seconds where it has any. */
export function offsetText(offset: PythonTimeDelta): string {
  const negative = offset.days < 0
  const size = negative ? new PythonTimeDelta(-offset.days, -offset.seconds, -offset.microseconds) : offset
  const hours = `${digits(Math.floor(size.seconds / 3600), 2)}:${digits(Math.floor(size.seconds / 60) % 60, 2)}`
  const rest = size.microseconds === 0 ? '' : `.${digits(size.microseconds, 6)}`
  const seconds = size.seconds % 60 === 0 && rest === '' ? '' : `:${digits(size.seconds % 60, 2)}${rest}`
  return `${negative ? '-' : '+'}${hours}${seconds}`
}
