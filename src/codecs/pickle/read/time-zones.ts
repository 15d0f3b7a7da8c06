/** Time zones, which a `datetime` has a moment by: the standard library's and pytz's. */

import { type Construct, Internal, unexpectedArguments } from './internal.js'
import { type Fields, utcMoment } from '../types/date-time.js'
import { PythonTimeDelta } from '../types/time-delta.js'

const DAY = 86_400_000

/** A `tzinfo`. */
export abstract class TimeZone extends Internal {
  /** Milliseconds east of UTC, where a clock in this zone shows these, for the first time or the second. */
  abstract offsetAt(fields: Fields, fold: 0 | 1): number
}

/** A fixed offset from UTC. */
export class FixedZone extends TimeZone {
  readonly name: string
  readonly offset: PythonTimeDelta

  constructor(name: string, offset: PythonTimeDelta) {
    super()
    if (Math.abs(offset.milliseconds) >= DAY) throw unexpectedArguments(name)
    this.name = name
    this.offset = offset
  }

  override offsetAt(): number {
    return this.offset.milliseconds
  }

  /** dateutil's zones get their state although they are complete. */
  override build(): this {
    return this
  }
}

/** Milliseconds east of UTC, at a moment. */
export type OffsetAt = (moment: number) => number

/** A zone of which is known what its offset is at each moment. */
export class ChangingZone extends TimeZone {
  readonly name: string
  readonly #at: OffsetAt

  constructor(name: string, at: OffsetAt) {
    super()
    this.name = name
    this.#at = at
  }

  override offsetAt(fields: Fields, fold: 0 | 1): number {
    const wall = utcMoment(fields)
    const [before, after] = [this.#at(wall - DAY), this.#at(wall + DAY)]
    if (before === after) return before
    const [isBefore, isAfter] = [this.#at(wall - before) === before, this.#at(wall - after) === after]
    if (isBefore !== isAfter) return isBefore ? before : after
    // Both, when clocks are turned back; neither, when they are turned forward: Python then does the same.
    return fold === 0 ? before : after
  }
}

/** A zone of the IANA database, as this runtime knows it. */
function zoneOf(key: unknown, name: string): ChangingZone {
  const at = typeof key === 'string' ? offsetsOf(key) : undefined
  if (!at) throw new Error(`${name}: this runtime has no time zone ${JSON.stringify(String(key).slice(0, 60))}`)
  return new ChangingZone(name, at)
}

/** Facts about the zones: their offsets from UTC, by moment. */
const known = new Map<string, OffsetAt>()
/** There are some 600 zones; two words of a name suffice to tell that it is not one. */
const NAME = /^[A-Za-z][A-Za-z0-9_+-]{1,30}(\/[A-Za-z0-9_+-]{1,30}){0,2}$/
/** Names known not to be zones: a peer that sends nothing else must not make us look each up again, which is slow. */
let unknownNames = new Set<string>()
const UNKNOWN_MAX = 1000

export function offsetsOf(key: string): OffsetAt | undefined {
  if (!NAME.test(key)) return undefined
  const name = key.toLowerCase()
  const found = known.get(name)
  if (found) return found
  if (unknownNames.has(name)) return undefined
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat('en-US', { timeZone: key, timeZoneName: 'longOffset', year: 'numeric' })
  } catch {
    if (unknownNames.size === UNKNOWN_MAX) unknownNames = new Set()
    unknownNames.add(name)
    return undefined
  }
  const offsets: OffsetAt = (moment) => parseOffset(format.format(moment))
  known.set(name, offsets)
  return offsets
}

/** The milliseconds of `2026, GMT+01:00`, or `GMT` alone. */
function parseOffset(text: string): number {
  const [, sign, hours = '0', minutes = '0', seconds = '0'] = /GMT([+-])?(\d+)?(?::(\d+))?(?::(\d+))?$/.exec(text) ?? []
  const size = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
  return (sign === '-' ? -size : size) * 1000
}

/** `datetime.timezone(offset, name?)` */
export const timeZone: Construct = ([offset], name) => {
  if (!(offset instanceof PythonTimeDelta)) throw unexpectedArguments(name)
  return new FixedZone(name, offset)
}

/** `zoneinfo.ZoneInfo._unpickle(key, whether from its cache)`, and dateutil's `gettz(key)` */
export const namedZone: Construct = ([key], name) => zoneOf(key, name)

/** A zone that is UTC. */
export const utcZone: Construct = (_args, name) => new FixedZone(name, new PythonTimeDelta())

/** pytz's `_p(key, offset, of which daylight saving, abbreviation)`, in seconds; of a zone without changes, the key alone. */
export const pytzZone: Construct = ([key, offset], name) => {
  if (offset === undefined) return zoneOf(key, name)
  if (typeof offset !== 'number') throw unexpectedArguments(name)
  return new FixedZone(name, new PythonTimeDelta(0, offset))
}

/** pytz's `FixedOffset(minutes)` */
export const pytzOffset: Construct = ([minutes], name) => {
  if (typeof minutes !== 'number') throw unexpectedArguments(name)
  return new FixedZone(name, new PythonTimeDelta(0, minutes * 60))
}
