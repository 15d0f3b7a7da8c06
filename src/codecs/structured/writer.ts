import type { NamedSegment } from '../../wire/segment.js'
import { describe, type Transferable, TransferList } from '../../wire/transferable.js'
import { writeArray } from './arrays-out.js'
import { writeOther } from './builtins-out.js'
import {
  DEPTH_MAX,
  FALSE,
  NULL,
  NUMBERED,
  REFERENCE,
  SHARED_MEMORY,
  TRANSFERABLE,
  TRUE,
  UNDEFINED,
  VERSION,
} from './format.js'
import { writeView } from './memory-out.js'
import { writeBigint, writeNumber } from './numbers-out.js'
import { ObjectsMet } from './objects-met.js'
import { Output } from './output.js'
import type { PartWriter } from './part-writer.js'
import { defineShape, writePlain, writeShape } from './plain-out.js'
import { pathText, type Step, thrownAt, unsendable } from './refusal.js'
import type { WriterShape } from './writer-shape.js'
import { has, WriterShapes } from './writer-shapes.js'

/** After a message with deeper nesting, or more shapes, than this, the list of them is discarded. */
const KEPT = 16

/** A state to which the writer can go back. */
interface Mark {
  readonly at: number
  readonly objects: number
  readonly shapes: number
  /** How many there were in the list; -1 where there was none. */
  readonly transferables: number
  readonly depth: number
}

/** Writes one message after the other. */
export class Writer extends Output implements PartWriter {
  /** Where the message begins. */
  start = 0
  patternCost = 0
  readonly shapes: WriterShapes = new WriterShapes()
  inherits = false
  /** The objects to transfer with the message. */
  transferList: TransferList | undefined
  /** The codec of the connection by which the message goes; none where it goes to a process that this one starts. */
  #carrier: string | undefined
  /** The number of the message: a shape knows by it whether the message has it. */
  #message = 0
  /** The shapes that the message has. */
  #defined: WriterShape[] = []
  #shapeCount = 0
  readonly #objects = new ObjectsMet()
  /** Whether the message refers to an object by its number. */
  #numbered = false
  /** The way to the object that is being written, from index 1 on, and how deep that is. */
  #steps: Step[] = []
  #depth = 0

  /** Writes the message of a value to `bytes[start..at]`. */
  message(value: unknown, carrier: string | undefined): void {
    this.restart()
    this.bytes[this.at++] = VERSION
    this.#message++
    this.#carrier = carrier
    this.transferList = undefined
    this.patternCost = 0
    this.inherits = !has(EMPTY, EMPTY_OBJECT)
    try {
      this.write(value, '')
      this.start = 1
      if (this.#numbered) {
        this.bytes[0] = VERSION
        this.bytes[1] = NUMBERED
        this.start = 0
      }
      this.finish()
    } catch (error) {
      throw thrownAt(error, this.#steps.slice(1, this.#depth))
    } finally {
      this.#forget()
    }
  }

  #forget(): void {
    this.#objects.clear()
    this.#numbered = false
    if (this.#depth > 0 || this.#steps.length > KEPT) this.#steps = []
    this.#depth = 0
    if (this.#shapeCount > KEPT) this.#defined = []
    this.#shapeCount = 0
  }

  write(value: unknown, step: Step): void {
    if (this.at > this.limit) this.reserve(0)
    if (typeof value === 'string') this.text(value)
    else if (typeof value === 'number') writeNumber(this, value)
    else if (typeof value === 'object') {
      if (value === null) this.bytes[this.at++] = NULL
      else this.#object(value, step)
    } else if (typeof value === 'boolean') {
      this.bytes[this.at++] = value ? TRUE : FALSE
    } else if (value === undefined) {
      this.bytes[this.at++] = UNDEFINED
    } else if (typeof value === 'bigint') writeBigint(this, value)
    else this.refuse(`a ${typeof value} can't be sent`, step)
  }

  #object(value: object, step: Step): void {
    const number = this.#objects.meet(value)
    if (number >= 0) {
      this.#numbered = true
      this.bytes[this.at++] = REFERENCE
      this.count(number)
    } else if (Array.isArray(value)) {
      writeArray(this, value, step)
    } else if (ArrayBuffer.isView(value)) {
      // Not examined like other objects: the engine would list all of its elements.
      writeView(this, value, step)
    } else if (!writePlain(this, value, step)) {
      writeOther(this, value, step)
    }
  }

  begin(shape: WriterShape): void {
    if (shape.message === this.#message) {
      writeShape(this, shape)
      return
    }
    shape.message = this.#message
    shape.number = this.#shapeCount
    this.#defined[this.#shapeCount++] = shape
    defineShape(this, shape)
  }

  enter(step: Step): void {
    if (this.#depth === DEPTH_MAX) this.refuse(`it lies deeper than ${DEPTH_MAX} objects inside each other`, step)
    this.#steps[this.#depth++] = step
  }

  leave(): void {
    this.#depth--
  }

  /** The way to what `step` leads to from the object that is being written. */
  #path(step: Step): Step[] {
    return this.#depth === 0 ? [] : [...this.#steps.slice(1, this.#depth), step]
  }

  refuse(what: string, step: Step): never {
    throw unsendable(what, this.#path(step))
  }

  transferable(object: Transferable, step: Step): void {
    const path = this.#path(step)
    let described: Uint8Array
    try {
      described = describe(object, pathText(path), (this.transferList ??= new TransferList()), this.#carrier)
    } catch (error) {
      throw unsendable((error as Error).message, path, { cause: error })
    }
    this.byte(TRANSFERABLE)
    this.blob(described)
  }

  segment({ name }: NamedSegment, step: Step): void {
    this.transferList ??= new TransferList()
    this.transferList.segment ??= pathText(this.#path(step))
    this.byte(SHARED_MEMORY)
    this.text(name)
  }

  attempt(write: () => void): boolean {
    const mark: Mark = {
      at: this.at,
      objects: this.#objects.mark(),
      shapes: this.#shapeCount,
      transferables: this.transferList?.length ?? -1,
      depth: this.#depth,
    }
    try {
      write()
      return true
    } catch {
      this.#back(mark)
      return false
    }
  }

  /** Takes back what was written since the mark. */
  #back(mark: Mark): void {
    for (let n = mark.shapes; n < this.#shapeCount; n++) this.#defined[n]!.message = 0
    this.#shapeCount = mark.shapes
    this.#objects.back(mark.objects)
    this.at = mark.at
    this.#depth = mark.depth
    if (mark.transferables < 0) this.transferList = undefined
    else this.transferList?.truncate(mark.transferables)
  }

  patch(at: number, byte: number): void {
    this.bytes[at] = byte
  }
}

const EMPTY_OBJECT = {}
const EMPTY = new WriterShapes().last
