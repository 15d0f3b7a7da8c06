import * as op from '../opcodes.js'
import type { PartWriter } from './part-writer.js'

/** Calls what lies below the `count` arguments that were written last. */
export function reduce(writer: PartWriter, count: 1 | 2 | 3): void {
  writer.opcode(op.TUPLE1 + count - 1)
  writer.opcode(op.REDUCE)
}
