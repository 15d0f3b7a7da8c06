import type { NamedSegment } from '../../wire/segment.js'
import type { Transferable } from '../../wire/transferable.js'
import type { Output } from './output.js'
import type { Step } from './refusal.js'
import type { WriterShape } from './writer-shape.js'
import type { WriterShapes } from './writer-shapes.js'

/** A writer, as the functions see it that write one kind of value each. */
export interface PartWriter extends Output {
  /** The cost of the message's regular expressions so far. */
  patternCost: number
  /** The shapes of what has been written lately. */
  readonly shapes: WriterShapes
  /** Whether every object has more enumerable properties than its own. */
  readonly inherits: boolean
  /** Writes a value; `step` leads to it from the object that it is in. */
  write(value: unknown, step: Step): void
  /** Writes what begins an object of a shape. */
  begin(shape: WriterShape): void
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
  /** Changes a byte that was written before. */
  patch(at: number, byte: number): void
}
