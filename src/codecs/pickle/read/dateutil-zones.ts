/** The time zones of dateutil, which has written them in three ways so far. */

import { Arguments, type Construct, Internal, unexpectedArguments } from './internal.js'
import { ChangingZone, FixedZone, offsetsOf, TimeZone } from './time-zones.js'
import { type Fields, utcMoment } from '../types/date-time.js'
import { PythonTimeDelta } from '../types/time-delta.js'

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

/** dateutil's `tzoffset(name, offset)`; up to its version 3 it has a state. */
export const offsetZone: Construct = ([, offset], name) =>
  offset === undefined
    ? new DateutilZone(name, ({ _offset }) => new FixedZone(name, duration(_offset, name)))
    : new FixedZone(name, duration(offset, name))

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

  /** As dateutil does it: it takes the clock for one that shows standard time, and asks what that moment's time is. */
  override offsetAt(fields: Fields, fold: 0 | 1): number {
    const wall = utcMoment(fields)
    const isTwice = !this.#isDaylight(wall) && this.#isDaylight(wall - (this.#daylight - this.#standard))
    return (isTwice ? fold === 0 : this.#isDaylight(wall)) ? this.#daylight : this.#standard
  }

  #isDaylight(wall: number): boolean {
    return new Date(wall - this.#standard).getTimezoneOffset() * -60_000 !== this.#standard
  }
}

export const localZone: Construct = (_args, name) => new DateutilZone(name, (state) => new LocalZone(state))

/**
 * dateutil's `tzfile`, up to its version 2: the times at which its offset changes, as its own clock shows them. What it makes
 * of times near them is its own, too, and done here as it does it.
 */
class FileZone extends TimeZone {
  readonly name = 'dateutil.tz.tz.tzfile'
  readonly #changes: readonly unknown[]
  readonly #infos: readonly unknown[]
  readonly #before: unknown
  readonly #standard: unknown

  constructor({ _trans_list, _trans_idx, _ttinfo_before, _ttinfo_std }: State) {
    super()
    this.#changes = itemsOf(_trans_list)
    this.#infos = itemsOf(_trans_idx)
    this.#before = _ttinfo_before ?? _ttinfo_std
    this.#standard = _ttinfo_std
  }

  override offsetAt(fields: Fields, fold: 0 | 1): number {
    const wall = utcMoment(fields)
    const last = lastChange(this.#changes, wall, this.name)
    if (last <= 0 || fold === 1) return this.#offset(last)
    // Where clocks are turned back, the time until then comes twice.
    const back = this.#offset(last - 1) - this.#offset(last)
    const isTwice = wall < seconds(this.#changes[last], this.name) * 1000 + back
    return this.#offset(isTwice ? last - 1 : last)
  }

  /** The offset from a change on; after the last one that it knows, the standard offset. */
  #offset(change: number): number {
    const after = change + 1 >= this.#infos.length
    return offsetOf(after ? this.#standard : change < 0 ? this.#before : this.#infos[change], this.name)
  }
}

export const fileZone: Construct = (_args, name) => new DateutilZone(name, (state) => new FileZone(state))

/** dateutil's `tzfile`, from version 3 on: `_unpickle(class, key, file, (indexes, changes, offsets, …))` */
export const dataZone: Construct = ([, key, , data], name) => {
  const named = typeof key === 'string' ? offsetsOf(key) : undefined
  if (named) return new ChangingZone(name, named)
  const [indexes, changes, offsets] = itemsOf(data).map(itemsOf)
  if (!indexes || !changes || !offsets) throw unexpectedArguments(name)
  return new ChangingZone(name, (moment) => {
    const last = lastChange(changes, moment, name)
    return seconds(offsets[last < 0 ? 0 : (indexes[last] as number)], name) * 1000
  })
}

/**
 * The index of the last change up to a time, of a list in seconds since 1970; −1 where there is none. The list is looked at
 * where it is needed: a peer may send a long one once, and refer to it from many zones.
 */
function lastChange(changes: readonly unknown[], time: number, name: string): number {
  let [low, high] = [0, changes.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (time < seconds(changes[middle], name) * 1000) high = middle
    else low = middle + 1
  }
  return low - 1
}

function seconds(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw unexpectedArguments(name)
  return value
}

/** One of a `tzfile`'s offsets. */
class ZoneInfo extends Internal {
  readonly name = 'dateutil.tz.tz._ttinfo'
  offset = Number.NaN

  override build(state: unknown): this {
    const { delta, offset } = (state ?? {}) as State
    if (delta instanceof PythonTimeDelta) this.offset = delta.milliseconds
    else if (offset instanceof PythonTimeDelta) this.offset = offset.milliseconds
    else this.offset = seconds(offset, this.name) * 1000
    return this
  }
}

function offsetOf(info: unknown, name: string): number {
  if (!(info instanceof ZoneInfo) || Number.isNaN(info.offset)) throw unexpectedArguments(name)
  return info.offset
}

export const offsetInfo: Construct = () => new ZoneInfo()

/** Of a list, or of a tuple, which may have something internal in it. */
function itemsOf(value: unknown): unknown[] {
  return value instanceof Arguments ? value.items : Array.isArray(value) ? (value as unknown[]) : []
}
