/** Time zones, which a `datetime` has a moment by: the standard library's, pytz's and dateutil's. */

import { Arguments, type Construct, Internal, unexpectedArguments } from './internal.js'
import { type Fields, localMoment, utcMoment } from './types/date-time.js'
import { PythonTimeDelta } from './types/time-delta.js'

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

/** A zone of the IANA database, as this runtime knows it. */
export class NamedZone extends TimeZone {
  readonly name: string
  readonly #at: (moment: number) => number

  constructor(name: string, key: unknown) {
    super()
    const at = typeof key === 'string' ? offsetsOf(key) : undefined
    if (!at) throw new Error(`${name}: this runtime has no time zone ${JSON.stringify(String(key).slice(0, 60))}`)
    this.name = name
    this.#at = at
  }

  override offsetAt(fields: Fields, fold: 0 | 1): number {
    const wall = utcMoment(fields)
    const [before, after] = [this.#at(wall - DAY), this.#at(wall + DAY)]
    if (before === after) return before
    const [isBefore, isAfter] = [this.#at(wall - before) === before, this.#at(wall - after) === after]
    // Both, when clocks are turned back; neither, when they are turned forward: Python then does the same.
    if (isBefore === isAfter) return fold === 0 ? before : after
    return isBefore ? before : after
  }
}

/** What is known of the zones: their offsets from UTC, by moment. */
const known = new Map<string, (moment: number) => number>()
/** There are some 600, and two words of each are enough to know that it is none. */
const NAME = /^[A-Za-z][A-Za-z0-9_+-]{1,30}(\/[A-Za-z0-9_+-]{1,30}){0,2}$/
/** Names that are none, by now: to find out costs more than it is worth to a peer that sends nothing else. */
let unknownNames = new Set<string>()
const UNKNOWN_MAX = 1000

function offsetsOf(key: string): ((moment: number) => number) | undefined {
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
  const offsets = (moment: number): number => parseOffset(format.format(moment))
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
export const namedZone: Construct = ([key], name) => new NamedZone(name, key)

/** A zone that is UTC. */
export const utcZone: Construct = (_args, name) => new FixedZone(name, new PythonTimeDelta())

/** pytz's `_p(key, offset, of which daylight saving, abbreviation)`, in seconds; of a zone without changes, the key alone. */
export const pytzZone: Construct = ([key, offset], name) => {
  if (offset === undefined) return new NamedZone(name, key)
  if (typeof offset !== 'number') throw unexpectedArguments(name)
  return new FixedZone(name, new PythonTimeDelta(0, offset))
}

/** pytz's `FixedOffset(minutes)` */
export const pytzOffset: Construct = ([minutes], name) => {
  if (typeof minutes !== 'number') throw unexpectedArguments(name)
  return new FixedZone(name, new PythonTimeDelta(0, minutes * 60))
}

type State = Record<string, unknown>

/** One of dateutil's zones, which is what its state says. */
class DateutilZone extends TimeZone {
  readonly name: string
  readonly #made: (state: State, name: string) => TimeZone

  constructor(name: string, made: (state: State, name: string) => TimeZone) {
    super()
    this.name = name
    this.#made = made
  }

  override build(state: unknown): TimeZone {
    if (typeof state !== 'object' || state === null) throw unexpectedArguments(this.name)
    return this.#made(state as State, this.name)
  }

  override offsetAt(): number {
    throw unexpectedArguments(this.name)
  }
}

function duration(value: unknown, name: string): PythonTimeDelta {
  if (!(value instanceof PythonTimeDelta)) throw unexpectedArguments(name)
  return value
}

/** dateutil's `tzoffset` */
export const dateutilOffset: Construct = (_args, name) =>
  new DateutilZone(name, ({ _offset }) => new FixedZone(name, duration(_offset, name)))

/** dateutil's `tzlocal`: two offsets, of which the receiver's clock says which. */
class LocalZone extends TimeZone {
  readonly name = 'dateutil.tz.tz.tzlocal'
  readonly #standard: number
  readonly #daylight: number

  constructor({ _std_offset, _dst_offset }: State) {
    super()
    this.#standard = duration(_std_offset, this.name).milliseconds
    this.#daylight = duration(_dst_offset, this.name).milliseconds
  }

  override offsetAt(fields: Fields, fold: 0 | 1): number {
    const here = utcMoment(fields) - localMoment(fields, fold).getTime()
    return here === this.#daylight ? here : this.#standard
  }
}

export const dateutilLocal: Construct = (_args, name) => new DateutilZone(name, (state) => new LocalZone(state))

/**
 * dateutil's `tzfile`: the moments, by its own clock, at which its offset changes. Its lists are looked at where they are
 * needed: a peer may send a long one once, and refer to it from many zones.
 */
class FileZone extends TimeZone {
  readonly name = 'dateutil.tz.tz.tzfile'
  /** Seconds since 1970 as the zone's clock shows them, when it still had the offset before. */
  readonly #changes: readonly unknown[]
  /** From each change on. */
  readonly #infos: readonly unknown[]
  readonly #before: number
  readonly #standard: number

  constructor({ _trans_list, _trans_idx, _ttinfo_before, _ttinfo_std }: State) {
    super()
    if (!Array.isArray(_trans_list)) throw unexpectedArguments(this.name)
    this.#changes = _trans_list
    this.#infos = itemsOf(_trans_idx)
    if (this.#changes.length !== this.#infos.length) throw unexpectedArguments(this.name)
    this.#standard = offsetOf(_ttinfo_std, this.name)
    this.#before = _ttinfo_before === null ? this.#standard : offsetOf(_ttinfo_before, this.name)
  }

  override offsetAt(fields: Fields, fold: 0 | 1): number {
    const wall = utcMoment(fields) / 1000
    const last = this.#lastChange(wall)
    if (last <= 0) return this.#offset(last)
    // Where clocks are turned back, the time until then comes twice.
    const back = offsetOf(this.#infos[last - 1], this.name) - offsetOf(this.#infos[last], this.name)
    const twice = (wall - (this.#changes[last] as number)) * 1000 < back
    return this.#offset(twice && fold === 0 ? last - 1 : last)
  }

  /** The offset from a change on: after the last one that it knows, dateutil takes the standard offset. */
  #offset(change: number): number {
    if (change < 0) return this.#before
    return change + 1 >= this.#infos.length ? this.#standard : offsetOf(this.#infos[change], this.name)
  }

  /** The last change before a time; −1 where there is none. */
  #lastChange(wall: number): number {
    let [low, high] = [0, this.#changes.length]
    while (low < high) {
      const middle = (low + high) >> 1
      const change = this.#changes[middle]
      if (typeof change !== 'number') throw unexpectedArguments(this.name)
      if (wall < change) high = middle
      else low = middle + 1
    }
    return low - 1
  }
}

/** One of a `tzfile`'s offsets. */
class ZoneInfo extends Internal {
  readonly name = 'dateutil.tz.tz._ttinfo'
  offset = Number.NaN

  override build(state: unknown): this {
    const { delta, offset } = (state ?? {}) as State
    if (delta instanceof PythonTimeDelta) this.offset = delta.milliseconds
    else if (offset instanceof PythonTimeDelta) this.offset = offset.milliseconds
    else if (typeof offset === 'number') this.offset = offset * 1000
    else throw unexpectedArguments(this.name)
    return this
  }
}

function offsetOf(info: unknown, name: string): number {
  if (!(info instanceof ZoneInfo) || Number.isNaN(info.offset)) throw unexpectedArguments(name)
  return info.offset
}

/** Of a list or a tuple, which has something internal in it. */
function itemsOf(value: unknown): unknown[] {
  return value instanceof Arguments ? value.items : Array.isArray(value) ? (value as unknown[]) : []
}

export const dateutilInfo: Construct = () => new ZoneInfo()
export const dateutilFile: Construct = (_args, name) => new DateutilZone(name, (state) => new FileZone(state))
