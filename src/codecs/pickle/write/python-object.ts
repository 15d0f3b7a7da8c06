import { item, located } from '../../path.js'
import * as op from '../opcodes.js'
import { type PythonObject, wasReceived } from '../types/object.js'
import { reduce } from './call.js'
import { PARTIAL } from './globals.js'
import type { PartWriter } from './part-writer.js'

/**
 * Writes a `PythonObject` as Python's own pickler writes an object: the name, what it is called with, and what the result is
 * given then. One whose names were chosen by a peer is refused, unless the program wants it.
 */
export function writePythonObject(writer: PartWriter, object: PythonObject): true {
  const { module, name, args, state, items, entries } = object
  if (!writer.settings.forward && wasReceived(object)) {
    throw new TypeError(
      `a PythonObject that was received can't be sent on: the Python that reads it would import ${module}.${name}, as its sender chose, and may call it; pickle({ forward: true }) allows that`,
    )
  }
  if (args === undefined) {
    if ([state, items, entries, object.kwargs].some((part) => part !== undefined)) {
      throw new TypeError(`a PythonObject of ${module}.${name} has no args: give it [] where it takes none`)
    }
    writer.globalOf(module, name)
    return true
  }
  writeCreation(writer, object, args)
  writer.memoize(object)
  if (items !== undefined && items.length > 0) writeItems(writer, items)
  if (entries !== undefined && entries.length > 0) writeEntries(writer, entries)
  if (state !== undefined) {
    writer.writePart(state, '.state')
    writer.opcode(op.BUILD)
  }
  return true
}

function writeCreation(writer: PartWriter, object: PythonObject, args: unknown[]): void {
  const { kwargs, creation } = object
  if (creation === 'call' && kwargs !== undefined) {
    // No opcode calls with keywords: a `functools.partial` has them, which is then called.
    writer.global(PARTIAL)
    writeCallee(writer, object)
    reduce(writer, 1)
    writer.opcode(op.MARK)
    writeCallee(writer, object)
    writer.arguments(args)
    writer.writePart(kwargs, '.kwargs')
    writer.opcode(op.NONE)
    writer.opcode(op.TUPLE)
    writer.opcode(op.BUILD)
    writer.opcode(op.EMPTY_TUPLE)
    writer.opcode(op.REDUCE)
    return
  }
  writeCallee(writer, object)
  writer.arguments(args)
  if (creation === 'call') {
    writer.opcode(op.REDUCE)
  } else if (kwargs === undefined) {
    writer.opcode(op.NEWOBJ)
  } else {
    writer.writePart(kwargs, '.kwargs')
    writer.opcode(op.NEWOBJ_EX)
  }
}

/** The callee: a name, or the result of another call. */
function writeCallee(writer: PartWriter, { module, name, callable }: PythonObject): void {
  if (callable === undefined) writer.globalOf(module, name)
  else writer.writePart(callable, '.callable')
}

function writeItems(writer: PartWriter, items: readonly unknown[]): void {
  writer.opcode(op.MARK)
  for (const [n, each] of items.entries()) writer.writePart(each, `.items${item(n)}`)
  writer.opcode(op.APPENDS)
}

function writeEntries(writer: PartWriter, entries: readonly (readonly [unknown, unknown])[]): void {
  writer.opcode(op.MARK)
  for (const [n, [key, value]] of entries.entries()) {
    try {
      writer.write(key, true)
    } catch (error) {
      throw located(error, `.entries${item(n)}[0]`)
    }
    writer.writePart(value, `.entries${item(n)}[1]`)
  }
  writer.opcode(op.SETITEMS)
}
