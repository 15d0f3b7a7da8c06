import { type Construct, unexpectedArguments } from './internal.js'
import { FixedZone, TimeZone } from './time-zones.js'
import { digits, timeOf } from '../types/clock.js'
import { localMoment, PythonDateTime, utcMoment } from '../types/date-time.js'
import { PythonDate } from '../types/date.js'
import { offsetText, PythonTimeDelta } from '../types/time-delta.js'
import { PythonTime } from '../types/time.js'

export const timeDelta: Construct = (args, name) => {
  if (args.length > 3 || !args.every((part) => Number.isSafeInteger(part))) throw unexpectedArguments(name)
  const [days, seconds, microseconds] = args as number[]
  return new PythonTimeDelta(days, seconds, microseconds)
}

/** A `datetime.date` from its 4 bytes. */
export const date: Construct = ([bytes], name) => {
  if (!(bytes instanceof Uint8Array) || bytes.length !== 4) throw unexpectedArguments(name)
  const year = (bytes[0]! << 8) | bytes[1]!
  return new PythonDate(`${digits(year, 4)}-${digits(bytes[2]!, 2)}-${digits(bytes[3]!, 2)}`)
}

/**
 * A `datetime.datetime` from its 10 bytes and, where it is aware, its time zone. One without is a local time, as Python's own
 * `timestamp()` has it.
 */
export const dateTime: Construct = ([bytes, zone], name, { naive }) => {
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
  const fold = marked > 0x7f ? 1 : 0
  const microsecond = microsecondOf(bytes, 7)
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31) throw unexpectedArguments(name)
  if (hour > 23 || minute > 59 || second > 59 || microsecond > 999_999) throw unexpectedArguments(name)
  const fields = [year, month - 1, day, hour, minute, second, Math.floor(microsecond / 1000)] as const
  if (zone instanceof TimeZone) return new Date(utcMoment(fields) - zone.offsetAt(fields, fold))
  if (zone !== undefined && zone !== null) throw unexpectedArguments(name)
  if (!naive) return localMoment(fields, fold)
  const day0 = `${digits(year, 4)}-${digits(month, 2)}-${digits(day, 2)}`
  return new PythonDateTime(`${day0}T${timeOf(hour, minute, second, microsecond)}`, fold)
}

function microsecondOf(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!
}

/** A `datetime.time` from its 6 bytes and, where it has one, its time zone: of that, a fixed offset stays. */
export const time: Construct = ([bytes, zone], name) => {
  if (!(bytes instanceof Uint8Array) || bytes.length !== 6) throw unexpectedArguments(name)
  if (zone !== undefined && zone !== null && !(zone instanceof TimeZone)) throw unexpectedArguments(name)
  const [marked = 0, minute = 0, second = 0] = bytes
  const offset = zone instanceof FixedZone ? offsetText(zone.offset) : ''
  const text = timeOf(marked & 0x7f, minute, second, microsecondOf(bytes, 3))
  return new PythonTime(text + offset, marked > 0x7f ? 1 : 0)
}
