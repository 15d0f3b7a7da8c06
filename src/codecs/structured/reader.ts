import type { PartReader } from './part-reader.js'
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
import { type ReaderShape, ReaderShapes } from './reader-shapes.js'
import type { Arrived } from '../../wire/arrived.js'

/** Stands for an element or a property that isn't there, until the array or the object is done. */
const NOTHING = Symbol('nothing')

/** A sparse array's elements are kept in a table if so many times as many are absent. */
const SPARSE = 8

/** A longer list of shapes is given up with its message. */
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
  /** How many values there can still be: each takes a byte at least. */
  #values = 0
  /** How many values of the innermost object or array stand for nothing. */
  #absent = 0

  /** The value of the message `bytes[start..end]`, from behind the byte that says which format it is. */
  message(bytes: EngineBuffer, start: number, end: number, arrived: Arrived | undefined): unknown {
    this.bytes = bytes
    this.at = start
    this.end = end
    this.arrived = arrived
    this.#values = end - start
    this.#depth = 0
    this.#absent = 0
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
    if (kind < NULL) return this.#array(kind - SHORT_ARRAY)
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
        this.#absent++
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
        return this.#array(this.count())
      case RECORD:
        return this.#record()
      case SPARSE_ARRAY:
        return this.#sparse()
      case INT8S:
      case INT16S:
      case INT32S:
      case FLOAT64S:
        return this.#packed(kind)
      case BIGINT64:
        return bytes.readBigInt64LE(this.skip(8))
      case BIGINT:
        return this.#bigint()
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
    if (this.#absent > 0) this.#removeAbsent(object)
    return object
  }

  #removeAbsent(object: Record<string, unknown>): void {
    for (const name of Object.keys(object)) if (object[name] === NOTHING) delete object[name]
    this.#absent = 0
  }

  #record(): unknown {
    const count = this.count()
    this.enter(2 * count)
    const object: Record<string, unknown> = this.number({})
    for (let n = 0; n < count; n++) {
      const name = this.text()
      const value = this.read()
      if (value === NOTHING) this.#absent = 0
      else if (name in Object.prototype) define(object, name, value)
      else object[name] = value
    }
    this.#depth--
    return object
  }

  #array(length: number): unknown {
    this.enter(length)
    const array: unknown[] = this.number(arrayOf(length))
    for (let n = 0; n < length; n++) {
      const value = this.read()
      if (value !== NOTHING) array[n] = value
    }
    this.#depth--
    if (this.#absent > 0) {
      this.#absent = 0
      array.length = length
    }
    return array
  }

  #sparse(): unknown {
    const length = this.count()
    const count = this.count()
    this.enter(2 * count)
    if (length >= 2 ** 32) throw new Malformed(`an array in the message has a length of ${length}`)
    const array: unknown[] = this.number([])
    // Elements far from each other make the engine keep them in a table: else it takes the memory for the whole length.
    if (length > SPARSE * (count + 1)) {
      array[2 ** 32 - 2] = undefined
      // Setting the length removes it everywhere but in an array of the greatest length.
      delete array[2 ** 32 - 2]
    }
    array.length = length
    let next = 0
    for (let n = 0; n < count; n++) {
      next += this.count()
      if (next >= length) throw new Malformed('an element in the message lies behind the end of its array')
      const value = this.read()
      if (value !== NOTHING) array[next] = value
      next++
    }
    this.#absent = 0
    this.#depth--
    return array
  }

  #packed(kind: number): unknown {
    const length = this.count()
    const { bytes } = this
    const size = kind === INT8S ? 1 : kind === INT16S ? 2 : kind === INT32S ? 4 : 8
    let at = this.skip(length * size)
    const array: number[] = this.number(arrayOf(length))
    if (kind === INT8S) for (let n = 0; n < length; n++) array[n] = (bytes[at + n]! << 24) >> 24
    else if (kind === INT16S) {
      for (let n = 0; n < length; n++, at += 2) array[n] = ((bytes[at]! | (bytes[at + 1]! << 8)) << 16) >> 16
    } else if (kind === INT32S) {
      for (let n = 0; n < length; n++, at += 4) {
        array[n] = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
      }
    } else {
      const view = new DataView(bytes.buffer, bytes.byteOffset + at, length * 8)
      for (let n = 0; n < length; n++) array[n] = view.getFloat64(8 * n, true)
    }
    return array
  }

  #bigint(): bigint {
    const negative = this.byte()
    const size = this.count()
    const at = this.skip(size)
    if (size === 0 || negative > 1) throw new Malformed('a bigint in the message is malformed')
    const magnitude = BigInt(`0x${this.bytes.hexSlice(at, at + size)}`)
    return negative === 1 ? -magnitude : magnitude
  }

  #reference(): object {
    const object = this.#objects[this.count()]
    if (object === undefined) throw new Malformed('the message refers to an object that it has not')
    return object
  }
}

/** Told the length beforehand, the engine takes the memory at once; for an array of this length or more, it makes a table. */
const TOLD_MAX = 1 << 24

function arrayOf<T>(length: number): T[] {
  // oxlint-disable-next-line unicorn/no-new-array -- `Array.from` fills it
  return length < TOLD_MAX ? new Array<T>(length) : []
}
