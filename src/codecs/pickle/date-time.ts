import { Internal, unexpectedArguments } from './internal.js'
import { digits } from './types/clock.js'
import { PythonDate } from './types/date.js'
import { localMoment, utcMoment } from './types/date-time.js'

const DAY = 86_400_000

/** A `datetime.timedelta`, which only an offset from UTC may be. */
export class Duration extends Internal {
  readonly name = 'datetime.timedelta'
  readonly milliseconds: number

  constructor(milliseconds: number) {
    super()
    this.milliseconds = milliseconds
  }
}

/** A `datetime.timezone`: a fixed offset from UTC. */
export class TimeZone extends Internal {
  readonly name = 'datetime.timezone'
  readonly offset: number

  constructor(offset: number) {
    super()
    this.offset = offset
  }
}

export function duration(args: unknown[], name: string): Duration {
  const [days, seconds, microseconds] = args
  if (!Number.isInteger(days) || !Number.isInteger(seconds) || !Number.isInteger(microseconds)) {
    throw unexpectedArguments(name)
  }
  return new Duration((days as number) * DAY + (seconds as number) * 1000 + (microseconds as number) / 1000)
}

export function timeZone(args: unknown[], name: string): TimeZone {
  const [offset] = args
  if (!(offset instanceof Duration) || Math.abs(offset.milliseconds) >= DAY) throw unexpectedArguments(name)
  return new TimeZone(offset.milliseconds)
}

/** A `datetime.date` from its 4 bytes. */
export function date(args: unknown[], name: string): PythonDate {
  const [bytes] = args
  if (!(bytes instanceof Uint8Array) || bytes.length !== 4) throw unexpectedArguments(name)
  const year = (bytes[0]! << 8) | bytes[1]!
  return new PythonDate(`${digits(year, 4)}-${digits(bytes[2]!, 2)}-${digits(bytes[3]!, 2)}`)
}

/**
 * A `datetime.datetime` from its 10 bytes and, where it is aware, its time zone. One without is a local time, as Python's own
 * `timestamp()` has it.
 */
export function dateTime(args: unknown[], name: string): Date {
  const [bytes, zone] = args
  if (!(bytes instanceof Uint8Array) || bytes.length !== 10) throw unexpectedArguments(name)
  const [high, low, marked, day, hour, minute, second] = bytes as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const year = (high << 8) | low
  const month = marked & 0x7f
  const microsecond = (bytes[7]! << 16) | (bytes[8]! << 8) | bytes[9]!
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59) {
    throw unexpectedArguments(name)
  }
  if (second > 59 || microsecond > 999_999) throw unexpectedArguments(name)
  const fields = [year, month - 1, day, hour, minute, second, Math.floor(microsecond / 1000)] as const
  if (zone === undefined || zone === null) return localMoment(fields, marked > 0x7f ? 1 : 0)
  if (!(zone instanceof TimeZone)) throw unexpectedArguments(name)
  return new Date(utcMoment(fields) - zone.offset)
}
