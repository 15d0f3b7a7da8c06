import { PythonComplex } from './complex.js'
import { PythonDateTime } from './date-time.js'
import { PythonDate } from './date.js'
import { PythonDecimal } from './decimal.js'
import { PythonError } from './error.js'
import { PythonFloat } from './float.js'
import { PythonFraction } from './fraction.js'
import { PythonIPAddress } from './ip-address.js'
import { PythonObject } from './object.js'
import { PythonPath } from './path.js'
import { PythonPattern } from './pattern.js'
import { PythonRange } from './range.js'
import { PythonSlice } from './slice.js'
import { PythonTimeDelta } from './time-delta.js'
import { PythonTime } from './time.js'
import { PythonTuple } from './tuple.js'
import { PythonUUID } from './uuid.js'

/** The types of Python's that have a class here, by the name under which the writer knows them. */
export interface Branded {
  complex: PythonComplex
  date: PythonDate
  datetime: PythonDateTime
  decimal: PythonDecimal
  error: PythonError
  float: PythonFloat
  fraction: PythonFraction
  ipaddress: PythonIPAddress
  object: PythonObject
  path: PythonPath
  pattern: PythonPattern
  range: PythonRange
  slice: PythonSlice
  time: PythonTime
  timedelta: PythonTimeDelta
  tuple: PythonTuple
  uuid: PythonUUID
}

/** On the prototypes of the classes. Registered, so that another copy of carom knows an object of this one: Jest makes several. */
const brand = Symbol.for('carom.python.type')

const CLASSES: { [Name in keyof Branded]: new (...args: never[]) => Branded[Name] } = {
  complex: PythonComplex,
  date: PythonDate,
  datetime: PythonDateTime,
  decimal: PythonDecimal,
  error: PythonError,
  float: PythonFloat,
  fraction: PythonFraction,
  ipaddress: PythonIPAddress,
  object: PythonObject,
  path: PythonPath,
  pattern: PythonPattern,
  range: PythonRange,
  slice: PythonSlice,
  time: PythonTime,
  timedelta: PythonTimeDelta,
  tuple: PythonTuple,
  uuid: PythonUUID,
}

for (const [name, { prototype }] of Object.entries(CLASSES)) Object.defineProperty(prototype, brand, { value: name })

/** The type of an object; `undefined` where it has no brand. */
export function typeOf(value: object): keyof Branded | undefined {
  const name = (value as { [brand]?: unknown })[brand]
  return typeof name === 'string' && Object.hasOwn(CLASSES, name) ? (name as keyof Branded) : undefined
}
