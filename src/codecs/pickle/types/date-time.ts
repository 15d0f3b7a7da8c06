import { digits, isDate, microsecondsOf, timeOf, timeText } from './clock.js'
import { PythonText } from './text.js'

/**
 * Python's naive `datetime.datetime`: what a calendar and a clock show somewhere, to the microsecond, without saying where. An
 * aware one, which is a moment, is a `Date`.
 *
 * `text` is what Python's `isoformat()` gives.
 *
 * @example
 * ```ts
 * import { pickle, PythonDateTime } from 'carom/python'
 *
 * const codec = pickle({ naive: true })
 * const read = codec.decode(codec.encode(new PythonDateTime('2026-01-02T03:04:05.000006'))) as PythonDateTime
 * const { year, month, day, hour, minute, second, microsecond, fold } = read
 * console.log(year, month, day, hour, minute, second, microsecond, fold) // 2026 1 2 3 4 5 6 0
 *
 * const now = new Date()
 * console.log(PythonDateTime.fromDate(now).toDate().getTime() === now.getTime()) // true
 * ```
 */
export class PythonDateTime extends PythonText {
  /** Of a time that comes twice, when clocks are turned back: `0` is the first, `1` the second. */
  readonly fold: 0 | 1

  /**
   * @param text - `YYYY-MM-DDTHH:MM`, with seconds and up to six digits of them as well, and without an offset.
   * @param fold - Which of two equal times it is.
   */
  constructor(text: string, fold: 0 | 1 = 0) {
    const [date = '', rest = ''] = String(text).split(/[T ]/)
    const time = timeText(rest)
    if (!isDate(date) || time === undefined || !/^.{10}[T ]\S+$/.test(text)) {
      throw new TypeError(
        `'${String(text).slice(0, 40)}' is not a naive date and time, as 2026-01-02T03:04:05.000006 is; a moment is a Date`,
      )
    }
    if (fold !== 0 && fold !== 1) throw new RangeError(`fold must be 0 or 1, not ${String(fold)}`)
    super(`${date}T${time}`)
    this.fold = fold
  }

  /** The time that a clock of this machine's time zone shows at a moment. */
  static fromDate(date: Date): PythonDateTime {
    const year = date.getFullYear()
    if (Number.isNaN(year)) throw new TypeError('an invalid Date is no datetime')
    const day = `${digits(year, 4)}-${digits(date.getMonth() + 1, 2)}-${digits(date.getDate(), 2)}`
    const time = timeOf(date.getHours(), date.getMinutes(), date.getSeconds(), date.getMilliseconds() * 1000)
    const first = new PythonDateTime(`${day}T${time}`)
    return first.toDate().getTime() === date.getTime() ? first : new PythonDateTime(first.text, 1)
  }

  /** From 1 to 9999. */
  get year(): number {
    return Number(this.text.slice(0, 4))
  }

  /** From 1 to 12. */
  get month(): number {
    return Number(this.text.slice(5, 7))
  }

  /** From 1 to 31. */
  get day(): number {
    return Number(this.text.slice(8, 10))
  }

  /** From 0 to 23. */
  get hour(): number {
    return Number(this.text.slice(11, 13))
  }

  /** From 0 to 59. */
  get minute(): number {
    return Number(this.text.slice(14, 16))
  }

  /** From 0 to 59. */
  get second(): number {
    return Number(this.text.slice(17, 19))
  }

  /** From 0 to 999,999. */
  get microsecond(): number {
    return microsecondsOf(this.text.slice(11))
  }

  /** The moment at which a clock of this machine's time zone shows it, to the millisecond: as Python's own `timestamp()`. */
  toDate(): Date {
    const milliseconds = Math.floor(this.microsecond / 1000)
    return localMoment(
      [this.year, this.month - 1, this.day, this.hour, this.minute, this.second, milliseconds],
      this.fold,
    )
  }
}

/** Year, month from 0, day, hour, minute, second, millisecond. */
export type Fields = readonly [number, number, number, number, number, number, number]

const DAY = 86_400_000

/** The moment at which a clock in UTC shows these. */
export function utcMoment([year, month, day, hour, minute, second, millisecond]: Fields): number {
  const moment = new Date(0)
  // `Date.UTC` takes the years up to 99 for those of the 20th century.
  moment.setUTCFullYear(year, month, day)
  return moment.setUTCHours(hour, minute, second, millisecond)
}

/** The moment at which a clock of this machine's time zone shows these: for the first time, or for the second. */
export function localMoment(fields: Fields, fold: 0 | 1): Date {
  const [year, month, day, ...time] = fields
  const first = new Date(2000, 0)
  first.setFullYear(year, month, day)
  first.setHours(...time)
  if (fold === 0) return first
  // The second one has the offset of the day after.
  const after = new Date(first.getTime() + DAY).getTimezoneOffset()
  const later = new Date(utcMoment(fields) + after * 60_000)
  return later.getTimezoneOffset() === after ? later : first
}
