import { types } from 'node:util'

import { ARRAY_TYPES } from './array.js'
import { dateBytes, dateTimeBytes } from './date-time.js'
import { EXCEPTIONS, NEED_MORE_THAN_A_MESSAGE } from './exceptions.js'
import * as op from './opcodes.js'
import { PythonDate } from './types/date.js'
import { PythonDecimal } from './types/decimal.js'
import { PythonError } from './types/error.js'
import { PythonPath } from './types/path.js'
import { PythonUUID } from './types/uuid.js'
import type { Writer } from './writer.js'

/** Writes an object that is neither a list nor a dict nor a set; whether it is one that has a form of its own. */
export function writeObject(writer: Writer, value: object): boolean {
  if (ArrayBuffer.isView(value)) writeView(writer, value)
  else if (types.isAnyArrayBuffer(value)) writer.data(new Uint8Array(value))
  else if (value instanceof Date) writeDateTime(writer, value)
  else if (types.isNativeError(value) || value instanceof Error) return writeError(writer, value)
  else if (value instanceof PythonDecimal) writeCall(writer, 'decimal', 'Decimal', () => writer.text(value.text))
  else if (value instanceof PythonUUID) writeCall(writer, 'uuid', 'UUID', () => writer.text(value.text))
  else if (value instanceof PythonDate) writeCall(writer, 'datetime', 'date', () => writer.data(dateBytes(value)))
  else if (value instanceof PythonPath) writeCall(writer, 'pathlib', value.kind, () => writer.text(value.text))
  else if (types.isBoxedPrimitive(value)) writer.write(value.valueOf(), false)
  else if (hasNoForm(value)) throw new TypeError(`a ${value.constructor.name} has no form in Python`)
  else return false
  writer.memoize(value)
  return true
}

/** What has nothing inside that could be sent. */
function hasNoForm(value: object): boolean {
  return (
    types.isRegExp(value) ||
    types.isPromise(value) ||
    types.isWeakMap(value) ||
    types.isWeakSet(value) ||
    types.isGeneratorObject(value) ||
    value instanceof WeakRef
  )
}

/** The call of a class with one argument. */
function writeCall(writer: Writer, module: string, name: string, writeArgument: () => void): void {
  writer.global(module, name)
  writeArgument()
  writer.opcode(op.TUPLE1)
  writer.opcode(op.REDUCE)
}

/** Bytes as `bytes`; other numbers as an `array.array`, whose memory numpy can use as it is. */
function writeView(writer: Writer, view: ArrayBufferView): void {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
  if (view instanceof Uint8Array || view instanceof DataView) {
    writer.data(bytes)
    return
  }
  const kind = (view as unknown as { [Symbol.toStringTag]: string })[Symbol.toStringTag]
  const type = Object.hasOwn(ARRAY_TYPES, kind) ? ARRAY_TYPES[kind] : undefined
  if (!type) throw new TypeError(`a ${kind} has no form in Python`)
  writer.global('array', '_array_reconstructor')
  writer.opcode(op.MARK)
  writer.global('array', 'array')
  writer.text(type.code)
  writer.number(type.format)
  writer.data(bytes)
  writer.opcode(op.TUPLE)
  writer.opcode(op.REDUCE)
}

/** A moment as a `datetime` in UTC. */
function writeDateTime(writer: Writer, date: Date): void {
  const bytes = dateTimeBytes(date)
  writer.global('datetime', 'datetime')
  writer.data(bytes)
  writer.once('UTC', () =>
    writeCall(writer, 'datetime', 'timezone', () => {
      writer.global('datetime', 'timedelta')
      writer.number(0)
      writer.opcode(op.TUPLE1)
      writer.opcode(op.REDUCE)
    }),
  )
  writer.opcode(op.TUPLE2)
  writer.opcode(op.REDUCE)
}

/** An error as the built-in exception of the same name, if there is one. */
function writeError(writer: Writer, error: Error): true {
  const { name, message } = error
  const args = 'args' in error && Array.isArray(error.args) ? (error.args as unknown[]) : undefined
  const known = EXCEPTIONS.has(name) && (args !== undefined || !NEED_MORE_THAN_A_MESSAGE.has(name))
  writer.global('builtins', known ? name : 'Exception')
  writer.opcode(op.MARK)
  if (known && args) for (const arg of args) writer.write(arg, false)
  else writer.write(known || name === 'Error' ? message : `${name}: ${message}`, false)
  writer.opcode(op.TUPLE)
  writer.opcode(op.REDUCE)
  writer.memoize(error)
  if (error instanceof PythonError && error.attributes) {
    writer.write(error.attributes, false)
    writer.opcode(op.BUILD)
  }
  return true
}
