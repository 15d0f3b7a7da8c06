import { isPlain, Messages } from './exception-message.js'
import { exactFloat } from './calls.js'
import { Machine, truncated, uint32, underflow, type Unresolved } from './machine.js'
import * as op from '../opcodes.js'
import { decodeText, type NativeBuffer } from '../text.js'
import { runRare } from './rare-opcodes.js'
import { type MessageOf, resolve } from './resolve.js'
import type { PickleSettings } from '../options.js'

/** Runs no code but carom's, and is never entered twice: the program's functions are called when it has done. */
const machine = new Machine()

/** Making a view of a message costs as much as reading so many floats without one. */
const FEW_FLOATS = 16

/** Any eight bytes. */
const scratch = new DataView(new ArrayBuffer(8))

/** Reads the pickle at `bytes[start..end]`. */
export function readPickle(bytes: Buffer, start: number, end: number, settings: PickleSettings): unknown {
  const value = runOn(bytes, start, end, settings, false)
  const unresolved = machine.takeUnresolved()
  if (!unresolved) return value
  const messages = messagesOf(unresolved, bytes, start, end, settings)
  return resolve(value, unresolved, settings, messages)
}

function runOn(bytes: Buffer, start: number, end: number, settings: PickleSettings, exact: boolean): unknown {
  machine.begin(bytes as NativeBuffer, start, end, settings, exact)
  try {
    return run(bytes as NativeBuffer, start, end, exact)
  } finally {
    machine.clear()
  }
}

/**
 * The texts that Python prints of the exceptions in a pickle. Some of it is lost in what their arguments are read as: whether an `Array`
 * was a list or a tuple, a number an `int` or a `float`. Where there may be such, the pickle is run once more, which notes it.
 */
function messagesOf(
  { reductions }: Unresolved,
  bytes: Buffer,
  start: number,
  end: number,
  settings: PickleSettings,
): MessageOf {
  if (reductions.every((reduction) => !reduction.isError || isPlain(reduction))) {
    const messages = new Messages(new Map(), end - start)
    return (error) => messages.of(error)
  }
  runOn(bytes, start, end, { ...settings, naive: true }, true)
  const exact = machine.takeUnresolved()
  const messages = new Messages(exact?.origins ?? new Map<unknown, string>(), end - start)
  const exactly = new Map(reductions.map((reduction, n) => [reduction, exact?.reductions[n]]))
  return (error) => messages.of(exactly.get(error) ?? error)
}

/**
 * Runs a pickle. The opcodes that nearly all of a pickle consists of are here, the others in
 * `runRare`.
 */
function run(bytes: NativeBuffer, start: number, end: number, exact: boolean): unknown {
  const { stack } = machine
  let floats = 0
  const few = exact ? Infinity : FEW_FLOATS
  const readFloat = exact ? readExactFloat : float64
  let view: DataView | undefined
  let height = 0
  let p = start

  // Operands of a fixed size may be read beyond the end: then no opcode follows, and nothing is returned.
  while (p < end) {
    const opcode = bytes[p++]!
    switch (opcode) {
      case op.SHORT_BINUNICODE: {
        const from = p + 1
        p = from + bytes[p]!
        if (!(p <= end)) throw truncated()
        stack[height++] = decodeText(bytes, from, p)
        break
      }
      case op.BINUNICODE: {
        const from = p + 4
        p = from + uint32(bytes, p)
        if (!(p <= end)) throw truncated()
        stack[height++] = decodeText(bytes, from, p)
        break
      }
      case op.SHORT_BINBYTES: {
        const from = p + 1
        p = from + bytes[p]!
        if (!(p <= end)) throw truncated()
        stack[height++] = bytes.subarray(from, p)
        break
      }
      case op.MEMOIZE:
        if (height <= machine.floor) throw underflow()
        machine.memoize(stack[height - 1])
        break
      case op.BINPUT:
        if (height <= machine.floor) throw underflow()
        machine.put(bytes[p++]!, stack[height - 1])
        break
      case op.BINGET:
        if (p >= end) throw truncated()
        stack[height++] = machine.get(bytes[p++]!)
        break
      case op.LONG_BINGET:
        if (p + 4 > end) throw truncated()
        stack[height++] = machine.get(uint32(bytes, p))
        p += 4
        break
      case op.BININT1:
        stack[height++] = bytes[p++]!
        break
      case op.BININT2:
        stack[height++] = bytes[p]! | (bytes[p + 1]! << 8)
        p += 2
        break
      case op.BININT:
        stack[height++] = bytes[p]! | (bytes[p + 1]! << 8) | (bytes[p + 2]! << 16) | (bytes[p + 3]! << 24)
        p += 4
        break
      case op.BINFLOAT:
        if (p + 8 > end) throw truncated()
        stack[height++] = view ? view.getFloat64(p) : readFloat(bytes, p)
        if (++floats === few) view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
        p += 8
        break
      case op.NONE:
        stack[height++] = null
        break
      case op.NEWTRUE:
        stack[height++] = true
        break
      case op.NEWFALSE:
        stack[height++] = false
        break
      case op.MARK:
        machine.mark(height)
        break
      case op.EMPTY_DICT:
        stack[height++] = {}
        break
      case op.EMPTY_LIST:
        stack[height++] = []
        break
      case op.EMPTY_TUPLE:
        stack[height++] = machine.tuple([])
        break
      case op.SETITEM:
        if (height - machine.floor < 3) throw underflow()
        height -= 2
        machine.setItems(height, height + 2)
        break
      case op.SETITEMS: {
        const mark = machine.popMark(1)
        machine.setItems(mark, height)
        height = mark
        break
      }
      case op.APPEND:
        if (height - machine.floor < 2) throw underflow()
        height--
        machine.append(stack[height - 1], height, height + 1)
        break
      case op.APPENDS: {
        const mark = machine.popMark(1)
        machine.append(stack[mark - 1], mark, height)
        height = mark
        break
      }
      case op.TUPLE1:
      case op.TUPLE2:
      case op.TUPLE3: {
        const from = height - (opcode - op.TUPLE1 + 1)
        if (from < machine.floor) throw underflow()
        stack[from] = machine.tuple(stack.slice(from, height))
        height = from + 1
        break
      }
      case op.TUPLE: {
        const mark = machine.popMark(0)
        stack[mark] = machine.tuple(stack.slice(mark, height))
        height = mark + 1
        break
      }
      case op.STOP:
        machine.at = p
        machine.height = height
        return machine.result()
      default:
        machine.at = p
        machine.height = height
        runRare(machine, opcode)
        p = machine.at
        height = machine.height
    }
  }
  throw truncated()
}

function float64(bytes: Buffer, at: number): number {
  scratch.setUint32(0, (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!)
  scratch.setUint32(4, (bytes[at + 4]! << 24) | (bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!)
  return scratch.getFloat64(0)
}

function readExactFloat(bytes: Buffer, at: number): unknown {
  return exactFloat(float64(bytes, at))
}
