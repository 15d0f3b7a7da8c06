import { readElements, readNamed, readPacked, readSparse } from './arrays-in.js'
import { readOther } from './builtins-in.js'
import { define } from './define.js'
import type { EngineBuffer } from './engine.js'
import {
  ABSENT,
  ARRAY,
  BIGINT,
  BIGINT64,
  DEPTH_MAX,
  FALSE,
  FLOAT64,
  FLOAT64S,
  INT16,
  INT16S,
  INT32,
  INT32S,
  INT8S,
  NAMED_ARRAY,
  NEGATIVE8,
  NEW_SHAPE,
  NULL,
  NUMBERED,
  OBJECT,
  RECORD,
  REFERENCE,
  SHORT_ARRAY,
  SHORT_OBJECT,
  SHORT_TEXT,
  SPARSE_ARRAY,
  TEXT,
  TRUE,
  UINT8,
  UNDEFINED,
  WIDE_TEXT,
} from './format.js'
import { Input, Malformed } from './input.js'
import { NOTHING } from './nothing.js'
import { readBigint } from './numbers-in.js'
import { readRecord, removeAbsent } from './objects-in.js'
import type { PartReader } from './part-reader.js'
import { type ReaderShape, ReaderShapes } from './reader-shapes.js'
import type { Arrived } from '../../wire/arrived.js'

/** A list of shapes longer than this is discarded after its message. */
const SHAPES_KEPT = 64

const NO_OBJECTS: object[] = []

/** Reads one message after the other, all of one peer. */
export class Reader extends Input implements PartReader {
  /** The descriptors that came with the message. */
  arrived: Arrived | undefined
  /** The cost of the message's regular expressions so far. */
  patternCost = 0
  /** Whether the message is all that is in `bytes`. */
  whole = false
  readonly #known = new ReaderShapes()
  /** The shapes that the message has had. */
  #shapes: ReaderShape[] = []
  #shapeCount = 0
  /** The objects that the message has had, where it refers to them by their numbers. */
  #objects: object[] = NO_OBJECTS
  #numbered = false
  #depth = 0
  /** How many more values the message can contain: each takes at least one byte. */
  #values = 0
  absent = 0

  /** The value of the message `bytes[start..end]`, from behind the byte that says which format it is. */
  message(bytes: EngineBuffer, start: number, end: number, arrived: Arrived | undefined): unknown {
    this.open(bytes, start, end)
    this.arrived = arrived
    this.#values = end - start
    this.#depth = 0
    this.absent = 0
    this.patternCost = 0
    this.#numbered = false
    try {
      if (start < end && bytes[start] === NUMBERED) {
        this.at++
        this.#numbered = true
        this.#objects = []
      }
      const value = this.value()
      if (this.at !== end) throw new Malformed(`${end - this.at} bytes follow the value`)
      return value
    } finally {
      this.arrived = undefined
      this.#objects = NO_OBJECTS
      if (this.#shapeCount > SHAPES_KEPT) this.#shapes = []
      this.#shapeCount = 0
    }
  }

  /** A value where there has to be one. */
  value(): unknown {
    const value = this.read()
    if (value === NOTHING) throw new Malformed('a value in the message is absent')
    return value
  }

  /** A text where there has to be one. */
  text(): string {
    const value = this.read()
    if (typeof value !== 'string') throw new Malformed('a text in the message is none')
    return value
  }

  /** The next value, or what stands for none. */
  read(): unknown {
    if (this.at >= this.end) throw new Malformed('the message ends too early')
    const { bytes } = this
    const kind = bytes[this.at++]!
    if (kind < SHORT_TEXT) return kind
    if (kind < SHORT_OBJECT) return this.narrow(kind - SHORT_TEXT)
    if (kind < SHORT_ARRAY) return this.#object(this.#shapeAt(kind - SHORT_OBJECT))
    if (kind < NULL) return readElements(this, kind - SHORT_ARRAY)
    switch (kind) {
      case NULL:
        return null
      case FALSE:
        return false
      case TRUE:
        return true
      case UNDEFINED:
        return undefined
      case ABSENT:
        this.absent++
        return NOTHING
      case UINT8:
        return this.byte()
      case NEGATIVE8:
        return ~this.byte()
      case INT16: {
        const at = this.skip(2)
        return ((bytes[at]! | (bytes[at + 1]! << 8)) << 16) >> 16
      }
      case INT32: {
        const at = this.skip(4)
        return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
      }
      case FLOAT64:
        return this.float64()
      case TEXT:
        return this.narrow(this.count())
      case WIDE_TEXT:
        return this.wide(this.count())
      case NEW_SHAPE: {
        const shape = this.#known.read(this, this.#shapeCount)
        this.#shapes[this.#shapeCount++] = shape
        return this.#object(shape)
      }
      case OBJECT:
        return this.#object(this.#shapeAt(this.count()))
      case ARRAY:
        return readElements(this, this.count())
      case RECORD:
        return readRecord(this)
      case SPARSE_ARRAY:
        return readSparse(this)
      case NAMED_ARRAY:
        return readNamed(this)
      case INT8S:
      case INT16S:
      case INT32S:
      case FLOAT64S:
        return readPacked(this, kind)
      case BIGINT64:
        return bytes.readBigInt64LE(this.skip(8))
      case BIGINT:
        return readBigint(this)
      case REFERENCE:
        return this.#reference()
      default:
        return readOther(this, kind)
    }
  }

  /** Notes an object, before its parts are read. */
  number<T extends object>(object: T): T {
    if (this.#numbered) this.#objects.push(object)
    return object
  }

  /** Goes one deeper, to `count` values. */
  enter(count: number): void {
    this.#values -= count
    if (this.#values < 0) throw new Malformed('the message says that it has more than it has')
    if (++this.#depth > DEPTH_MAX) throw new Malformed(`it lies deeper than ${DEPTH_MAX} objects inside each other`)
  }

  leave(): void {
    this.#depth--
  }

  #shapeAt(number: number): ReaderShape {
    if (number < this.#shapeCount) return this.#shapes[number]!
    throw new Malformed('an object in the message has a shape that the message has not')
  }

  #object(shape: ReaderShape): unknown {
    const { names, generated } = shape
    this.enter(names.length)
    const { absent } = this
    let object: Record<string, unknown>
    if (generated !== undefined && generated.build !== undefined && !this.#numbered) {
      object = generated.build(this)
    } else {
      if (generated === undefined) this.#known.met(shape)
      object = this.number({})
      for (let n = 0; n < names.length; n++) {
        const value = this.read()
        if (shape.guarded) define(object, names[n]!, value)
        else object[names[n]!] = value
      }
    }
    this.#depth--
    if (this.absent !== absent) {
      removeAbsent(object)
      this.absent = absent
    }
    return object
  }

  #reference(): object {
    const object = this.#objects[this.count()]
    if (object === undefined) throw new Malformed('the message refers to an object that it has not')
    return object
  }
}
