import type { PythonDateTime } from '../types/date-time.js'
import type { PythonDate } from '../types/date.js'
import type { PythonTime } from '../types/time.js'

/** In the byte of a month, or of a time's hour: it is the second of two equal times, when clocks are turned back. */
const FOLD = 0x80

/** The 10 bytes of a `datetime` in UTC. */
export function momentBytes(moment: Date): Buffer {
  const year = moment.getUTCFullYear()
  if (Number.isNaN(year)) throw new TypeError("an invalid Date can't be sent: it has no form in Python")
  if (year < 1 || year > 9999) throw new RangeError(`Python's datetime goes from year 1 to 9999, not to ${year}`)
  const microsecond = moment.getUTCMilliseconds() * 1000
  return Buffer.of(
    year >> 8,
    year & 0xff,
    moment.getUTCMonth() + 1,
    moment.getUTCDate(),
    moment.getUTCHours(),
    moment.getUTCMinutes(),
    moment.getUTCSeconds(),
    microsecond >> 16,
    (microsecond >> 8) & 0xff,
    microsecond & 0xff,
  )
}

/** The 10 bytes of a naive `datetime`. */
export function naiveBytes({ text, fold }: PythonDateTime): Buffer {
  const [date = '', time = ''] = text.split('T')
  const bytes = Buffer.concat([dayBytes(date), clockBytes(time)])
  if (fold === 1) bytes[2]! |= FOLD
  return bytes
}

/** The 4 bytes of a `date`. */
export function dateBytes({ text }: PythonDate): Buffer {
  return dayBytes(text)
}

/** The 6 bytes of a `time`. */
export function timeBytes({ text, fold }: PythonTime): Buffer {
  const bytes = clockBytes(text.replace(/[+-].*$/, ''))
  if (fold === 1) bytes[0]! |= FOLD
  return bytes
}

function dayBytes(date: string): Buffer {
  const [year, month, day] = date.split('-').map(Number) as [number, number, number]
  return Buffer.of(year >> 8, year & 0xff, month, day)
}

function clockBytes(time: string): Buffer {
  const [hour, minute, second] = time.slice(0, 8).split(':').map(Number) as [number, number, number]
  const microsecond = Number(time.slice(9) || 0)
  return Buffer.of(hour, minute, second, microsecond >> 16, (microsecond >> 8) & 0xff, microsecond & 0xff)
}
