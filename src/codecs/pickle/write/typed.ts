import type { Branded } from '../types/brands.js'
import type { PythonTime } from '../types/time.js'
import type { PythonTimeDelta } from '../types/time-delta.js'
import { reduce, writeCall } from './call.js'
import { dateBytes, naiveBytes, timeBytes } from './date-time.js'
import { writeError } from './errors.js'
import { writePythonObject } from './python-object.js'
import { noForm } from './refusal.js'
import type { Writer } from './writer.js'

type Write = { readonly [Name in keyof Branded]: (writer: Writer, value: Branded[Name]) => void }

/** How Python's types are written that have a class here: mostly as a call of Python's class, as its own pickles have it. */
const WRITE: Omit<Write, 'error' | 'float' | 'object' | 'tuple'> = {
  complex: (writer, { real, imag }) => {
    writer.global('builtins', 'complex')
    writer.float(real)
    writer.float(imag)
    reduce(writer, 2)
  },
  date: (writer, value) => writeCall(writer, 'datetime', 'date', () => writer.data(dateBytes(value))),
  datetime: (writer, value) => writeCall(writer, 'datetime', 'datetime', () => writer.data(naiveBytes(value))),
  decimal: (writer, { text }) => writeCall(writer, 'decimal', 'Decimal', () => writer.text(text)),
  fraction: (writer, { numerator, denominator }) => {
    writer.global('fractions', 'Fraction')
    writer.write(numerator, false)
    writer.write(denominator, false)
    reduce(writer, 2)
  },
  ipaddress: (writer, { kind, text }) => writeCall(writer, 'ipaddress', kind, () => writer.text(text)),
  path: (writer, { kind, text }) => writeCall(writer, 'pathlib', kind, () => writer.text(text)),
  pattern: (writer, { pattern, flags }) => {
    writer.global('re', '_compile')
    writer.write(pattern, false)
    writer.number(flags)
    reduce(writer, 2)
  },
  range: (writer, { start, stop, step }) => {
    writer.global('builtins', 'range')
    for (const part of [start, stop, step]) writer.write(part, false)
    reduce(writer, 3)
  },
  slice: (writer, { start, stop, step }) => {
    writer.global('builtins', 'slice')
    writer.writePart(start, '.start')
    writer.writePart(stop, '.stop')
    writer.writePart(step, '.step')
    reduce(writer, 3)
  },
  time: writeTime,
  timedelta: writeTimeDelta,
  uuid: (writer, { text }) => writeCall(writer, 'uuid', 'UUID', () => writer.text(text)),
}

/** Writes one of Python's types. */
export function writeTyped(writer: Writer, type: keyof Branded, value: Branded[keyof Branded]): true {
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
      throw noForm('a proxy of a PythonTuple')
    default:
      ;(WRITE[type] as (writer: Writer, value: unknown) => void)(writer, value)
      writer.memoize(value)
      return true
  }
}

/** A `timedelta`, which nothing refers to. */
export function writeTimeDelta(writer: Writer, { days, seconds, microseconds }: PythonTimeDelta): void {
  writer.global('datetime', 'timedelta')
  writer.number(days)
  writer.number(seconds)
  writer.number(microseconds)
  reduce(writer, 3)
}

function writeTime(writer: Writer, time: PythonTime): void {
  const { offset } = time
  writer.global('datetime', 'time')
  writer.data(timeBytes(time))
  if (offset !== undefined) writeCall(writer, 'datetime', 'timezone', () => writeTimeDelta(writer, offset))
  reduce(writer, offset === undefined ? 1 : 2)
}
