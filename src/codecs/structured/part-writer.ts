import type { NamedSegment } from '../../wire/segment.js'
import type { Transferable } from '../../wire/transferable.js'
import type { Step } from './refusal.js'
import type { ShapeWriter } from './writer-shape.js'
import type { WriterShapes } from './writer-shapes.js'

/** What the functions that each write one kind of value need of the writer. */
export interface PartWriter extends ShapeWriter {
  /** The cost of the message's regular expressions so far. */
  patternCost: number
  /** The shapes of what has been written lately. */
  readonly shapes: WriterShapes
  /** Whether every object has more enumerable properties than its own. */
  readonly inherits: boolean
  /** Lets `write` write a part; returns whether it could. If not, all that it wrote is undone. */
  attempt(write: () => void): boolean
  refuse(what: string, step: Step): never
  /** Writes what is transferred beside the message. */
  transferable(object: Transferable, step: Step): void
  /** Writes shared memory as its name, which is valid only on this machine. */
  segment(segment: NamedSegment, step: Step): void
  /** Changes a byte that was written before. */
  patch(at: number, byte: number): void
}
