import type { NamedSegment } from '../../wire/segment.js'
import type { Transferable } from '../../wire/transferable.js'
import type { Output } from './output.js'
import type { Step } from './refusal.js'

/** A writer, as the functions see it that write one kind of value each. */
export interface PartWriter extends Output {
  /** The cost of the message's regular expressions so far. */
  patternCost: number
  /** Writes a value; `step` leads to it from the object that it is in. */
  write(value: unknown, step: Step): void
  /** Goes one deeper. */
  enter(step: Step): void
  leave(): void
  /** Has `write` write a part; whether it could. If not, nothing of it is left. */
  attempt(write: () => void): boolean
  refuse(what: string, step: Step): never
  /** Writes what is transferred beside the message. */
  transferable(object: Transferable, step: Step): void
  /** Writes shared memory: its name, which no other machine knows. */
  segment(segment: NamedSegment): void
  /** Writes an object as its own enumerable properties. */
  properties(value: object, names: readonly string[], step: Step): void
  /** Changes a byte that was written before. */
  patch(at: number, byte: number): void
}
