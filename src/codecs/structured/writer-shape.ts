import type { Output } from './output.js'
import type { Step } from './refusal.js'

/** What the code that writes objects of one shape needs of the writer. */
export interface ShapeWriter extends Output {
  /** Writes a value; `step` leads to it from the object that it is in. */
  write(value: unknown, step: Step): void
  /** Writes what begins an object of a shape. */
  begin(shape: WriterShape): void
  /** Goes one deeper. */
  enter(step: Step): void
  leave(): void
}

/** Writes an object that has a shape's names if it is plain; returns whether it was. */
export type WriteObject = (writer: ShapeWriter, value: object, step: Step) => boolean

/** Bytes, the first four in the first word, with its lowest bits. */
export interface Run {
  readonly size: number
  readonly words: Int32Array
}

/** The names of an object's properties in their order, and their bytes in a message. */
export class WriterShape {
  readonly names: readonly string[]
  /** The names as a message has them, from the second time on. */
  run: Run | undefined
  /** Whether a message had it. */
  written = false
  /** The message that has it, and the number that it has there. */
  message = 0
  number = 0
  /** The shape of the object that was written after the last one of this shape: a guess at the next one. */
  next: WriterShape | undefined
  /** Writes an object of the shape, once it has come often. */
  write: WriteObject | undefined
  /** How many objects of the shape were written before it had code. */
  count = 0

  constructor(names: readonly string[]) {
    this.names = names
  }
}
