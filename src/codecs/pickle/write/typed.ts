import type { Branded } from '../types/brands.js'
import type { PythonTimeDelta } from '../types/time-delta.js'
import { reduce } from './call.js'
import { dateBytes, naiveBytes, timeBytes } from './date-time.js'
import { writeError } from './errors.js'
import * as python from './globals.js'
import { writePythonObject } from './python-object.js'
import { noForm } from './refusal.js'
import type { PartWriter } from './part-writer.js'

type Write = { readonly [Name in keyof Branded]: (writer: PartWriter, value: Branded[Name]) => void }

/** How Python's types are written that have a class here: mostly as a call of Python's class, as its own pickles have it. */
const WRITE: Omit<Write, 'error' | 'float' | 'object' | 'tuple'> = {
  complex(writer, { real, imag }) {
    writer.global(python.COMPLEX)
    writer.float(real)
    writer.float(imag)
    reduce(writer, 2)
  },
  date(writer, value) {
    writer.global(python.DATE)
    writer.data(dateBytes(value))
    reduce(writer, 1)
  },
  datetime(writer, value) {
    writer.global(python.DATETIME)
    writer.data(naiveBytes(value))
    reduce(writer, 1)
  },
  decimal(writer, { text }) {
    writer.global(python.DECIMAL)
    writer.text(text)
    reduce(writer, 1)
  },
  fraction(writer, { numerator, denominator }) {
    writer.global(python.FRACTION)
    writer.write(numerator, false)
    writer.write(denominator, false)
    reduce(writer, 2)
  },
  ipaddress(writer, { kind, text }) {
    writer.globalOf('ipaddress', kind)
    writer.text(text)
    reduce(writer, 1)
  },
  path(writer, { kind, text }) {
    writer.globalOf('pathlib', kind)
    writer.text(text)
    reduce(writer, 1)
  },
  pattern(writer, { pattern, flags }) {
    writer.global(python.PATTERN)
    writer.write(pattern, false)
    writer.number(flags)
    reduce(writer, 2)
  },
  range(writer, { start, stop, step }) {
    writer.global(python.RANGE)
    writer.write(start, false)
    writer.write(stop, false)
    writer.write(step, false)
    reduce(writer, 3)
  },
  slice(writer, { start, stop, step }) {
    writer.global(python.SLICE)
    writer.writePart(start, '.start')
    writer.writePart(stop, '.stop')
    writer.writePart(step, '.step')
    reduce(writer, 3)
  },
  time(writer, time) {
    const { offset } = time
    writer.global(python.TIME)
    writer.data(timeBytes(time))
    if (offset !== undefined) writeTimeZone(writer, offset)
    reduce(writer, offset === undefined ? 1 : 2)
  },
  timedelta: writeTimeDelta,
  uuid(writer, { text }) {
    writer.global(python.UUID)
    writer.text(text)
    reduce(writer, 1)
  },
}

/** Writes one of Python's types. */
export function writeTyped(writer: PartWriter, type: keyof Branded, value: Branded[keyof Branded]): true {
  switch (type) {
    case 'float':
      // As any number, it is nothing that could be shared.
      writer.float((value as Branded['float']).value)
      return true
    case 'error':
      return writeError(writer, value as Branded['error'])
    case 'object':
      return writePythonObject(writer, value as Branded['object'])
    case 'tuple':
      throw noForm('an object that only has the prototype of a PythonTuple')
    default:
      ;(WRITE[type] as (writer: PartWriter, value: unknown) => void)(writer, value)
      writer.memoize(value)
      return true
  }
}

function writeTimeDelta(writer: PartWriter, { days, seconds, microseconds }: PythonTimeDelta): void {
  writer.global(python.TIMEDELTA)
  writer.number(days)
  writer.number(seconds)
  writer.number(microseconds)
  reduce(writer, 3)
}

/** A `timezone` of a fixed offset, which nothing refers to. */
export function writeTimeZone(writer: PartWriter, offset: PythonTimeDelta): void {
  writer.global(python.TIMEZONE)
  writeTimeDelta(writer, offset)
  reduce(writer, 1)
}
