import { globalOf } from './allow-list.js'
import { isDict, setItems } from './dict.js'
import { decodeInteger, parseInteger } from '../integers.js'
import { exactFloat } from './calls.js'
import { type Machine, truncated, uint32, underflow } from './machine.js'
import * as op from '../opcodes.js'
import { decodeText } from '../text.js'
import { parseFloat64, unescapeText, unquote } from './text-opcodes.js'

const NEWEST_PROTOCOL = 5

/** Runs one of the opcodes that are not in every pickle. */
export function runRare(machine: Machine, opcode: number): void {
  const { stack } = machine
  switch (opcode) {
    case op.PROTO: {
      const version = takeLength(machine, 1)
      if (version > NEWEST_PROTOCOL) {
        throw new Error(`the pickle has protocol ${version}; up to ${NEWEST_PROTOCOL} is supported`)
      }
      machine.protocol = version
      return
    }
    case op.FRAME: {
      const size = takeLength(machine, 8)
      if (size > machine.end - machine.at) throw truncated()
      return
    }
    case op.POP:
      if (machine.height > machine.floor) machine.height--
      else machine.popMark(0)
      return
    case op.POP_MARK:
      machine.height = machine.popMark(0)
      return
    case op.DUP:
      need(machine, 1)
      stack[machine.height] = machine.duplicate()
      machine.height++
      return

    case op.INT: {
      const text = takeLine(machine)
      push(machine, text === '01' ? true : text === '00' ? false : parseInteger(text))
      return
    }
    case op.LONG:
      push(machine, parseInteger(takeLine(machine).replace(/L$/, '')))
      return
    case op.LONG1:
    case op.LONG4: {
      const size = takeLength(machine, opcode === op.LONG1 ? 1 : 4)
      if (size > machine.end - machine.at) throw truncated()
      machine.at += size
      push(machine, decodeInteger(machine.bytes, machine.at - size, machine.at))
      return
    }
    case op.FLOAT:
      push(machine, machine.origins ? exactFloat(parseFloat64(takeLine(machine))) : parseFloat64(takeLine(machine)))
      return
    case op.STRING:
      push(machine, unquote(takeLine(machine)))
      return
    case op.UNICODE:
      push(machine, unescapeText(takeLine(machine)))
      return
    case op.BINSTRING:
    case op.SHORT_BINSTRING:
    case op.BINUNICODE8: {
      const bytes = take(machine, takeLength(machine, opcode === op.BINSTRING ? 4 : opcode === op.BINUNICODE8 ? 8 : 1))
      push(machine, decodeText(bytes, 0, bytes.length))
      return
    }
    case op.BINBYTES:
    case op.BINBYTES8:
    case op.BYTEARRAY8:
      push(machine, take(machine, takeLength(machine, opcode === op.BINBYTES ? 4 : 8)))
      if (opcode === op.BYTEARRAY8) machine.origins?.set(stack[machine.height - 1], 'builtins.bytearray')
      return

    case op.EMPTY_SET:
      push(machine, new Set())
      return
    case op.ADDITEMS: {
      const mark = machine.popMark(1)
      machine.add(stack[mark - 1], mark, machine.height)
      machine.height = mark
      return
    }
    case op.FROZENSET: {
      const mark = machine.popMark(0)
      const set = new Set()
      machine.add(set, mark, machine.height)
      machine.height = mark
      push(machine, set)
      machine.origins?.set(set, 'builtins.frozenset')
      return
    }
    case op.LIST:
      push(machine, takeItems(machine, machine.popMark(0)))
      return
    case op.DICT: {
      const items = takeItems(machine, machine.popMark(0))
      if (items.length % 2 !== 0) throw underflow()
      push(machine, setItems({}, items, 0, items.length))
      return
    }

    case op.GET:
      push(machine, machine.get(slot(takeLine(machine))))
      return
    case op.PUT: {
      const place = slot(takeLine(machine))
      need(machine, 1)
      machine.put(place, stack[machine.height - 1])
      return
    }
    case op.LONG_BINPUT: {
      const place = takeLength(machine, 4)
      need(machine, 1)
      machine.put(place, stack[machine.height - 1])
      return
    }

    case op.GLOBAL: {
      const module = takeName(machine)
      machine.pushGlobal(globalOf(module, takeName(machine), machine.protocol))
      return
    }
    case op.STACK_GLOBAL: {
      need(machine, 2)
      machine.height -= 2
      const [module, name] = [stack[machine.height], stack[machine.height + 1]]
      if (typeof module !== 'string' || typeof name !== 'string') throw new Error('a name in the pickle is not a text')
      machine.pushGlobal(globalOf(module, name, machine.protocol))
      return
    }
    case op.REDUCE:
    case op.NEWOBJ: {
      need(machine, 2)
      const args = stack[--machine.height]
      stack[machine.height - 1] = machine.call(stack[machine.height - 1], args, opcode === op.REDUCE ? 'call' : 'new')
      return
    }
    case op.INST: {
      const module = takeName(machine)
      const type = globalOf(module, takeName(machine), machine.protocol)
      push(machine, machine.call(type, takeAll(machine, machine.popMark(0)), 'call'))
      return
    }
    case op.OBJ: {
      const [type, ...args] = takeAll(machine, machine.popMark(0))
      push(machine, machine.call(type, args, 'call'))
      return
    }
    case op.BUILD:
      need(machine, 2)
      machine.build()
      return

    case op.NEWOBJ_EX: {
      need(machine, 3)
      machine.height -= 2
      const [type, args, kwargs] = stack.slice(machine.height - 1, machine.height + 2)
      if (!isDict(kwargs)) throw new Error('the keyword arguments in the pickle are not a dict of texts')
      stack[machine.height - 1] = machine.call(type, args, 'new', kwargs)
      return
    }
    case op.PERSID:
    case op.BINPERSID:
      throw new Error('the pickle refers to something outside of it (a persistent id), which is not supported')
    case op.NEXT_BUFFER:
    case op.READONLY_BUFFER:
      throw new Error('the pickle has out-of-band buffers, which a message cannot carry')
    case op.EXT1:
    case op.EXT2:
    case op.EXT4:
      throw new Error('the pickle names a class by a number (the extension registry), which is not supported')
    default:
      throw new Error(`0x${opcode.toString(16).padStart(2, '0')} is not an opcode of a pickle`)
  }
}

function need(machine: Machine, count: number): void {
  if (machine.height - machine.floor < count) throw underflow()
}

function push(machine: Machine, value: unknown): void {
  machine.stack[machine.height++] = value
}

/** The next `count` bytes, in place. */
function take(machine: Machine, count: number): Machine['bytes'] {
  const { at } = machine
  if (count > machine.end - at) throw truncated()
  machine.at += count
  return machine.bytes.subarray(at, machine.at) as Machine['bytes']
}

/** Not by `take`: a view for each of these few bytes would be most of what reading a small message costs. */
function takeLength(machine: Machine, size: 1 | 4 | 8): number {
  const { bytes, at } = machine
  if (size > machine.end - at) throw truncated()
  machine.at += size
  if (size === 1) return bytes[at]!
  return uint32(bytes, at) + (size === 8 ? uint32(bytes, at + 4) * 2 ** 32 : 0)
}

function takeLine(machine: Machine): string {
  return lineOf(machine).toString('latin1')
}

/** A name, which is UTF-8 where it isn't ASCII. */
function takeName(machine: Machine): string {
  return lineOf(machine).toString()
}

function lineOf(machine: Machine): Buffer {
  const at = machine.bytes.indexOf('\n', machine.at, 'latin1')
  if (at < 0 || at >= machine.end) throw truncated()
  const line = take(machine, at - machine.at)
  machine.at++
  return line
}

/** The number of a place in the memo. */
function slot(text: string): number {
  const place = parseInteger(text)
  if (typeof place === 'bigint' || place < 0) throw new Error(`the pickle's memo has no place ${text.slice(0, 40)}`)
  return place
}

/** The items above `mark`, for a value. */
function takeItems(machine: Machine, mark: number): unknown[] {
  machine.check(mark, machine.height)
  return takeAll(machine, mark)
}

function takeAll(machine: Machine, mark: number): unknown[] {
  const items = machine.stack.slice(mark, machine.height)
  machine.height = mark
  return items
}
