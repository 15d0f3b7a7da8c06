import type { PartWriter } from './part-writer.js'
import type { Step } from './refusal.js'

/** Writes an object with a shape's names if it is plain; whether it is. */
export type WriteObject = (writer: PartWriter, value: object, step: Step) => boolean

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
  /** How often it has come before there was code for it. */
  count = 0

  constructor(names: readonly string[]) {
    this.names = names
  }
}
