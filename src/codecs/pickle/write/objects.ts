import { types } from 'node:util'

import { isSegment, type NamedSegment } from '../../../wire/segment.js'
import { isTransferable } from '../../../wire/transferable.js'
import * as op from '../opcodes.js'
import { type Branded, typeOf } from '../types/brands.js'
import { PythonTimeDelta } from '../types/time-delta.js'
import { bytesOfBuffer } from '../../views.js'
import { writeView } from './arrays.js'
import { reduce } from './call.js'
import { momentBytes } from './date-time.js'
import { writeError } from './errors.js'
import * as python from './globals.js'
import { writePythonObject } from './python-object.js'
import { assertPlainEnough, noForm } from './refusal.js'
import { writeTimeZone, writeTyped } from './typed.js'
import type { PartWriter } from './part-writer.js'

/**
 * Writes an object that is neither a list nor a dict nor a set. Returns `false` where it has no form of its own, and goes as its
 * properties; throws where it has none at all.
 */
export function writeObject(writer: PartWriter, value: object): boolean {
  if (ArrayBuffer.isView(value)) {
    writeView(writer, value)
    writer.memoize(value)
    return true
  }
  const standIn = writer.settings.standIn?.(value)
  if (standIn) return writePythonObject(writer, standIn)
  const type = typeOf(value)
  if (type !== undefined) return writeTyped(writer, type, value as Branded[typeof type])
  if (types.isDate(value)) writeDateTime(writer, value)
  else if (types.isAnyArrayBuffer(value)) writer.data(bytesOfBuffer(value))
  else if (isError(value)) return writeError(writer, value)
  else if (types.isBoxedPrimitive(value)) writer.write(unboxed(value), false)
  else if (isSegment(value)) writeSegment(writer, value)
  else if (isTransferable(value) && writer.settings.reference) {
    writer.tuple(writer.settings.reference(value))
    writer.opcode(op.BINPERSID)
  } else {
    assertPlainEnough(value)
    return false
  }
  writer.memoize(value)
  return true
}

/** Errors of any realm; a `DOMException` is one to the language only since Node.js 21. */
function isError(value: object): value is Error {
  return types.isNativeError(value) || Object.prototype.toString.call(value) === '[object DOMException]'
}

function unboxed(value: object): unknown {
  if (types.isNumberObject(value)) return Number.prototype.valueOf.call(value)
  if (types.isStringObject(value)) return String.prototype.valueOf.call(value)
  if (types.isBooleanObject(value)) return Boolean.prototype.valueOf.call(value)
  if (types.isBigIntObject(value)) return BigInt.prototype.valueOf.call(value)
  throw noForm('a symbol')
}

const UTC = new PythonTimeDelta()

const { getTime } = Date.prototype

/** Shared memory, as Python's own pickles have it: a call that opens it. */
function writeSegment(writer: PartWriter, { name, size }: NamedSegment): void {
  if (writer.anywhere) throw noForm('shared memory')
  writer.localOnly = true
  writer.global(python.SHARED_MEMORY)
  writer.text(name)
  writer.write(false, false)
  writer.number(size)
  reduce(writer, 3)
}

/** A moment as a `datetime` in UTC. */
function writeDateTime(writer: PartWriter, date: Date): void {
  const bytes = momentBytes(new Date(getTime.call(date)))
  writer.global(python.DATETIME)
  writer.data(bytes)
  if (!writer.recall(UTC)) {
    writeTimeZone(writer, UTC)
    writer.remember(UTC)
  }
  reduce(writer, 2)
}
