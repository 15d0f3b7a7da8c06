import type { NamedSegment } from '../../wire/segment.js'
import { describe, type Transferable } from '../../wire/transferable.js'
import { type Step, thrownAt, unsendable } from './refusal.js'
import {
  ABSENT,
  ARRAY,
  BIGINT,
  BIGINT64,
  DEPTH_MAX,
  FALSE,
  FLOAT64,
  INT16,
  INT32,
  NEGATIVE8,
  NEW_SHAPE,
  NULL,
  NUMBERED,
  OBJECT,
  RECORD,
  REFERENCE,
  SHARED_MEMORY,
  SHORT_ARRAY,
  SHORT_OBJECT,
  SPARSE_ARRAY,
  TRANSFERABLE,
  TRUE,
  UINT8,
  UNDEFINED,
  VERSION,
} from './format.js'
import { writeView } from './memory-out.js'
import { Output } from './output.js'
import type { PartWriter } from './part-writer.js'
import { PACKED_MIN, writePacked } from './packed.js'
import { writeOther } from './builtins-out.js'
import type { WriterShape } from './writer-shape.js'
import { has, WriterShapes } from './writer-shapes.js'

/** So many objects are searched for in a list; of more there is a table. */
const LISTED = 16

/** Runs of names up to this long are written by a loop. */
const LOOPED = 48

/** An array from this length on may be mostly holes, and is looked at first. */
const SPARSE_MIN = 1024

/**
 * Arrays up to this long are searched for properties beside their elements, so that none is lost without a word. In a longer
 * one, the search would take longer than all the rest.
 */
const SEARCHED = 64

/** A state to which the writer can go back. */
interface Mark {
  readonly at: number
  readonly objects: number
  readonly shapes: number
  /** How many there were in the list; -1 where there was none. */
  readonly transferables: number
  readonly depth: number
}

const { hasOwn, getPrototypeOf } = Object

/** Writes one message after the other. */
export class Writer extends Output implements PartWriter {
  /** Where the message begins. */
  start = 0
  /** The cost of the message's regular expressions so far. */
  patternCost = 0
  /** The objects to transfer with the message, in the order of its numbers there. */
  transferList: Transferable[] | undefined
  /** The codec of the connection by which the message goes; none where it goes to a process that this one starts. */
  #carrier: string | undefined
  readonly #shapes = new WriterShapes()
  /** The number of the message: a shape knows by it whether the message has it. */
  #message = 0
  /** The shapes that the message has. */
  #defined: WriterShape[] = []
  #shapeCount = 0
  /** The objects that the message has. */
  #objects: object[] = []
  #count = 0
  #table: Set<object> | undefined
  /** Their numbers, as far as somebody had to know them. */
  #numbers: Map<object, number> | undefined
  #numbered = false
  /** The way to the object that is being written, from index 1 on, and how deep that is. */
  #steps: Step[] = []
  #depth = 0
  /** Whether every object has more enumerable properties than its own. */
  #inherits = false

  /** Writes the message of a value to `bytes[start..at]`. */
  message(value: unknown, carrier: string | undefined): void {
    this.restart()
    this.bytes[this.at++] = VERSION
    this.#message++
    this.#carrier = carrier
    this.transferList = undefined
    this.patternCost = 0
    this.#inherits = !has(EMPTY, EMPTY_OBJECT)
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
    if (this.#count > LISTED) this.#objects = []
    else for (let n = 0; n < this.#count; n++) this.#objects[n] = NOTHING
    this.#count = 0
    this.#table = undefined
    this.#numbers = undefined
    this.#numbered = false
    if (this.#depth > 0 || this.#steps.length > LISTED) this.#steps = []
    this.#depth = 0
    if (this.#shapeCount > LISTED) this.#defined = []
    this.#shapeCount = 0
  }

  /** Writes a value; `step` leads to it from the object that it is in. */
  write(value: unknown, step: Step): void {
    if (this.at > this.limit) this.reserve(0)
    switch (typeof value) {
      case 'string':
        this.text(value)
        break
      case 'number':
        this.#number(value)
        break
      case 'boolean':
        this.bytes[this.at++] = value ? TRUE : FALSE
        break
      case 'object':
        if (value === null) this.bytes[this.at++] = NULL
        else if (!this.#met(value)) this.#object(value, step)
        break
      case 'undefined':
        this.bytes[this.at++] = UNDEFINED
        break
      case 'bigint':
        this.#bigint(value)
        break
      default:
        this.refuse(`a ${typeof value} can't be sent`, step)
    }
  }

  #number(value: number): void {
    const { bytes, at } = this
    if ((value | 0) !== value || (value === 0 && 1 / value < 0)) {
      bytes[this.at++] = FLOAT64
      this.float64(value)
    } else if (value >= 0 && value < 64) {
      bytes[at] = value
      this.at = at + 1
    } else if (value >= -256 && value < 256) {
      bytes[at] = value < 0 ? NEGATIVE8 : UINT8
      bytes[at + 1] = value < 0 ? ~value : value
      this.at = at + 2
    } else if (value >= -0x8000 && value < 0x8000) {
      bytes[at] = INT16
      bytes[at + 1] = value
      bytes[at + 2] = value >> 8
      this.at = at + 3
    } else {
      bytes[at] = INT32
      bytes[at + 1] = value
      bytes[at + 2] = value >> 8
      bytes[at + 3] = value >> 16
      bytes[at + 4] = value >> 24
      this.at = at + 5
    }
  }

  #bigint(value: bigint): void {
    if (BigInt.asIntN(64, value) === value) {
      this.bytes[this.at] = BIGINT64
      this.bytes.writeBigInt64LE(value, this.at + 1)
      this.at += 9
      return
    }
    const hex = (value < 0n ? -value : value).toString(16)
    const size = (hex.length + 1) >>> 1
    this.reserve(size + 12)
    this.bytes[this.at++] = BIGINT
    this.bytes[this.at++] = value < 0n ? 1 : 0
    this.count(size)
    this.at += this.bytes.hexWrite(hex.length % 2 === 0 ? hex : `0${hex}`, this.at, size)
  }

  /** Numbers an object; whether it is there already, of which the message then has only the number. */
  #met(value: object): boolean {
    const objects = this.#objects
    const count = this.#count
    if (count < LISTED) {
      for (let n = 0; n < count; n++) if (objects[n] === value) return this.#refer(n)
    } else {
      const table = (this.#table ??= new Set(objects.slice(0, count)))
      table.add(value)
      if (table.size === count) return this.#refer(this.#numberOf(value))
    }
    objects[count] = value
    this.#count = count + 1
    return false
  }

  #numberOf(value: object): number {
    const numbers = (this.#numbers ??= new Map())
    for (let n = numbers.size; n < this.#count; n++) numbers.set(this.#objects[n]!, n)
    return numbers.get(value)!
  }

  #refer(number: number): true {
    this.#numbered = true
    this.bytes[this.at++] = REFERENCE
    this.count(number)
    return true
  }

  #object(value: object, step: Step): void {
    if (Array.isArray(value)) {
      this.#array(value, step)
      return
    }
    // The engine would list each of its elements.
    if (ArrayBuffer.isView(value)) {
      writeView(this, value, step)
      return
    }
    const shapes = this.#shapes
    const guess = shapes.last.next
    if (guess !== undefined && guess.write !== undefined && has(guess, value)) {
      shapes.last = guess
      if (!this.#inherits && guess.write(this, value, step)) return
    }
    if (
      getPrototypeOf(value) === Object.prototype &&
      (value as Tagged)[Symbol.toStringTag] === undefined &&
      !this.#inherits
    ) {
      this.#plain(value as Record<string, unknown>, step)
    } else writeOther(this, value, step)
  }

  /** Writes an object of no class, whose enumerable properties are its own. */
  #plain(value: Record<string, unknown>, step: Step): void {
    const given = Object.keys(value)
    const shape = this.#shapes.find(given)
    if (shape === undefined) {
      this.#record(value, given, step)
      return
    }
    const { names } = shape
    if (names.length === 0) {
      // One of another kind may have lost its prototype.
      writeOther(this, value, step)
      return
    }
    if (shape.write === undefined) this.#shapes.met(shape)
    this.begin(shape)
    this.enter(step)
    let n = 0
    for (const name in value) {
      if (n === names.length || name !== names[n]) break
      this.write(value[name], name)
      n++
    }
    // A getter has removed properties behind its own.
    if (n < names.length) this.#rest(value, names, n)
    this.leave()
  }

  /** Writes an object as its own enumerable properties. */
  properties(value: object, names: readonly string[], step: Step): void {
    const shape = this.#shapes.find(names)
    if (shape === undefined) {
      this.#record(value as Record<string, unknown>, names, step)
      return
    }
    this.begin(shape)
    this.enter(step)
    this.#rest(value as Record<string, unknown>, names, 0)
    this.leave()
  }

  #rest(value: Record<string, unknown>, names: readonly string[], from: number): void {
    for (let n = from; n < names.length; n++) this.#property(value, names[n]!)
  }

  /** Writes a property that is `undefined`, or that a getter of another one has removed. */
  missing(value: object, name: string): void {
    if (this.at > this.limit) this.reserve(0)
    this.bytes[this.at++] = hasOwn(value, name) ? UNDEFINED : ABSENT
  }

  #property(value: Record<string, unknown>, name: string): void {
    if (hasOwn(value, name)) this.write(value[name], name)
    else this.missing(value, name)
  }

  #record(value: Record<string, unknown>, names: readonly string[], step: Step): void {
    this.bytes[this.at++] = RECORD
    this.count(names.length)
    this.enter(step)
    for (const name of names) {
      if (this.at > this.limit) this.reserve(0)
      this.text(name)
      this.#property(value, name)
    }
    this.leave()
  }

  /** Writes what begins an object of a shape. */
  begin(shape: WriterShape): void {
    if (shape.message === this.#message) {
      if (shape.number < SHORT_ARRAY - SHORT_OBJECT) {
        this.bytes[this.at++] = SHORT_OBJECT | shape.number
      } else {
        this.bytes[this.at++] = OBJECT
        this.count(shape.number)
      }
      return
    }
    shape.message = this.#message
    shape.number = this.#shapeCount
    this.#defined[this.#shapeCount++] = shape
    const { run } = shape
    const { length } = run
    this.reserve(length + 10)
    this.bytes[this.at++] = NEW_SHAPE
    this.count(length)
    const { bytes, at } = this
    if (length > LOOPED) bytes.set(run, at)
    else for (let n = 0; n < length; n++) bytes[at + n] = run[n]!
    this.at = at + length
    if (this.at > this.limit) this.reserve(0)
  }

  #array(value: readonly unknown[], step: Step): void {
    if (value.length <= SEARCHED) {
      const name = nameBeside(value)
      if (name !== undefined)
        this.refuse(`an array's property ${JSON.stringify(name)} can't be sent beside its elements`, step)
    }
    const { length } = value
    if (!(length >= 0 && length < 2 ** 32 && Number.isInteger(length)))
      this.refuse("an array without a length can't be sent", step)
    if (typeof value[0] === 'number' && length >= PACKED_MIN && writePacked(this, value, length)) return
    if (length >= SPARSE_MIN && mostlyHoles(value, length)) {
      this.#sparse(value, length, step)
      return
    }
    if (length < 16) {
      this.bytes[this.at++] = SHORT_ARRAY | length
    } else {
      this.bytes[this.at++] = ARRAY
      this.count(length)
    }
    this.enter(step)
    for (let n = 0; n < length; n++) {
      const element = value[n]
      if (element === undefined && !hasOwn(value, n)) {
        if (this.at > this.limit) this.reserve(0)
        this.bytes[this.at++] = ABSENT
      } else this.write(element, n)
    }
    this.leave()
  }

  #sparse(value: readonly unknown[], length: number, step: Step): void {
    const indexes = Object.keys(value)
      .filter((name) => /^(?:0|[1-9]\d*)$/.test(name) && Number(name) < length)
      .map(Number)
    this.bytes[this.at++] = SPARSE_ARRAY
    this.count(length)
    this.count(indexes.length)
    this.enter(step)
    let next = 0
    for (const n of indexes) {
      if (this.at > this.limit) this.reserve(0)
      this.count(n - next)
      if (hasOwn(value, n)) this.write(value[n], n)
      else this.bytes[this.at++] = ABSENT
      next = n + 1
    }
    this.leave()
  }

  /** Goes one deeper. */
  enter(step: Step): void {
    if (this.#depth === DEPTH_MAX) this.refuse(`it lies deeper than ${DEPTH_MAX} objects inside each other`, step)
    this.#steps[this.#depth++] = step
  }

  leave(): void {
    this.#depth--
  }

  /** The way to what `step` leads to from the object that is being written. */
  path(step: Step): Step[] {
    return this.#depth === 0 ? [] : [...this.#steps.slice(1, this.#depth), step]
  }

  /** Writes what is transferred beside the message. */
  transferable(object: Transferable, step: Step): void {
    let described: Uint8Array
    try {
      described = describe(object, (this.transferList ??= []), this.#carrier)
    } catch (error) {
      throw unsendable((error as Error).message, this.path(step), { cause: error })
    }
    this.byte(TRANSFERABLE)
    this.blob(described)
  }

  /** Writes shared memory: its name, which no other machine knows. */
  segment({ name }: NamedSegment): void {
    this.transferList ??= []
    this.byte(SHARED_MEMORY)
    this.text(name)
  }

  refuse(what: string, step: Step): never {
    throw unsendable(what, this.path(step))
  }

  /** A state to which `#back` goes. */
  #mark(): Mark {
    return {
      at: this.at,
      objects: this.#count,
      shapes: this.#shapeCount,
      transferables: this.transferList?.length ?? -1,
      depth: this.#depth,
    }
  }

  /** Has `write` write a part; whether it could. If not, nothing of it is left. */
  attempt(write: () => void): boolean {
    const mark = this.#mark()
    try {
      write()
      return true
    } catch {
      this.#back(mark)
      return false
    }
  }

  /** Changes a byte that was written before. */
  patch(at: number, byte: number): void {
    this.bytes[at] = byte
  }

  /** Takes back what was written since the mark. */
  #back(mark: Mark): void {
    for (let n = mark.shapes; n < this.#shapeCount; n++) this.#defined[n]!.message = 0
    this.#shapeCount = mark.shapes
    for (let n = mark.objects; n < this.#count; n++) {
      this.#table?.delete(this.#objects[n]!)
      this.#numbers?.delete(this.#objects[n]!)
      this.#objects[n] = NOTHING
    }
    this.at = mark.at
    this.#count = mark.objects
    this.#depth = mark.depth
    if (mark.transferables < 0) this.transferList = undefined
    else this.transferList?.splice(mark.transferables)
  }
}

interface Tagged {
  readonly [Symbol.toStringTag]?: unknown
}

const NOTHING = Object.freeze({})
const EMPTY_OBJECT = {}
const EMPTY = new WriterShapes().last

/** Whether at least a quarter of some elements, from all over the array, is absent. */
function mostlyHoles(value: readonly unknown[], length: number): boolean {
  let holes = 0
  for (let n = 0; n < 32; n++) {
    const at = Math.floor((n * (length - 1)) / 31)
    if (value[at] === undefined && !hasOwn(value, at)) holes++
  }
  return holes >= 8
}

/** The last property that an array has beside its elements. Elements come first in the order of properties. */
function nameBeside(array: readonly unknown[]): string | undefined {
  const names = Object.keys(array)
  const last = names[names.length - 1]
  return last === undefined || String(Number(last)) === last ? undefined : last
}
