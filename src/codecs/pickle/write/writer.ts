import { types } from 'node:util'

import { entry, item as itemStep, located, mapKey, member, property } from '../../path.js'
import { encodeInteger } from '../integers.js'
import type { Global } from './globals.js'
import { Memo } from './memo.js'
import * as op from '../opcodes.js'
import { writeObject } from './objects.js'
import type { PickleSettings } from '../options.js'
import { Output } from './output.js'
import type { PartWriter } from './part-writer.js'
import { assertTag, noForm, unhashable } from './refusal.js'
import { typeOf } from '../types/brands.js'

/** Values nest at most this deep: as deep as Python's own pickler goes, whose recursion Python limits. */
const MAX_DEPTH = 1000

/** Read by every Python from 3.4 on. */
const PROTOCOL = 4

/** The place of what is being written, and so can't be referred to yet. */
const UNFINISHED = -2

/** How many of an object's keys are looked for in the reader's memo. */
const KEYS = 64

/** The first keys of the object that was last written at some depth, and where the reader's memo has them. */
interface Shape {
  /** Of how many that is known in this pickle. */
  known: number
  pickle: number
  keys: string[]
  slots: number[]
}

// Those of the language, whatever a subclass has in their place.
const mapEntries = Map.prototype.entries
const setValues = Set.prototype.values
const { get: mapSize } = Object.getOwnPropertyDescriptor(Map.prototype, 'size') as { get: () => number }
const { get: setSize } = Object.getOwnPropertyDescriptor(Set.prototype, 'size') as { get: () => number }

/** Writes pickles of protocol 4. */
export class Writer extends Output implements PartWriter {
  readonly settings: PickleSettings
  localOnly = false
  readonly anywhere: boolean
  readonly #memo = new Memo()
  /** Of what is written as hashable, which differs: tuples and frozensets. */
  readonly #frozen = new Map<unknown, number>()
  /** The memo's size at the beginning of the tuple that is being written. */
  readonly #tuples = new Map<unknown, number>()
  /** Things that are written only once, and are no values of the program's: names, types of arrays. */
  readonly #known = new Map<unknown, number>()
  readonly #shapes: Shape[] = []
  #pickles = 0
  #memoized = 0
  #depth = 0

  /** `anywhere`: refuses what only this machine knows. */
  constructor(settings: PickleSettings, anywhere = false) {
    super()
    this.settings = settings
    this.anywhere = anywhere
  }

  /** Writes `value`: to `parts`, if there are any, and then to `bytes[start..size]`. */
  pickle(value: unknown): void {
    this.reset()
    this.localOnly = false
    try {
      this.#pickles++
      this.opcode(op.PROTO)
      this.opcode(PROTOCOL)
      this.write(value, false)
      this.opcode(op.STOP)
      this.assertParts()
    } finally {
      this.#forget()
    }
  }

  #forget(): void {
    this.#memo.clear()
    if (this.#frozen.size > 0) this.#frozen.clear()
    if (this.#tuples.size > 0) this.#tuples.clear()
    this.#memoized = 0
    this.#depth = 0
    if (this.#known.size > 0) this.#known.clear()
  }

  /** Writes a value; `frozen`: as a hashable one, for the key of a dict or the member of a set. */
  write(value: unknown, frozen: boolean): void {
    switch (typeof value) {
      case 'string':
        this.text(value)
        return
      case 'number':
        this.number(value)
        return
      case 'boolean':
        this.opcode(value ? op.NEWTRUE : op.NEWFALSE)
        return
      case 'undefined':
        this.opcode(op.NONE)
        return
      case 'bigint':
        this.integer(encodeInteger(value))
        return
      case 'object':
        if (value === null) this.opcode(op.NONE)
        else this.#object(value, frozen)
        return
      default:
        throw noForm(`a ${typeof value}`)
    }
  }

  /** Writes a part of something, to which `step` leads. */
  writePart(value: unknown, step: string): void {
    try {
      this.write(value, false)
    } catch (error) {
      throw located(error, step)
    }
  }

  #object(value: object, frozen: boolean): void {
    if (frozen) {
      this.#hashable(value)
      return
    }
    const slot = this.#memo.find(value)
    if (slot >= 0) {
      this.get(slot)
      return
    }
    this.#enter()
    if (Array.isArray(value)) {
      if (Object.getPrototypeOf(value) === Array.prototype || typeOf(value) !== 'tuple') this.#list(value)
      else this.#tuple(value)
    } else if (isPlain(value)) this.dict(value as Record<string, unknown>)
    else if (isMap(value)) this.#map(value)
    else if (isSet(value)) this.#set(value)
    else if (!writeObject(this, value)) this.dict(value as Record<string, unknown>)
    this.#depth--
  }

  #enter(): void {
    if (this.#depth === MAX_DEPTH) throw new RangeError(`the value nests deeper than ${MAX_DEPTH} levels`)
    this.#depth++
  }

  /** Lets the reader's memo have the value that has just been written. */
  memoize(value: unknown): void {
    this.opcode(op.MEMOIZE)
    this.#memo.add(value, this.#memoized++)
  }

  #list(list: readonly unknown[]): void {
    this.opcode(op.EMPTY_LIST)
    this.memoize(list)
    // Once: a getter inside may make it longer, again and again.
    const { length } = list
    if (length === 0) return
    this.opcode(op.MARK)
    this.#items(list, length)
    this.opcode(op.APPENDS)
  }

  #items(list: readonly unknown[], length: number): void {
    let i = 0
    try {
      for (; i < length; i++) this.write(list[i], false)
    } catch (error) {
      throw located(error, itemStep(i))
    }
  }

  /** Only a tuple that is finished has a place in the memo. One that a list inside it refers to is written, whole, in the list first. */
  #tuple(tuple: readonly unknown[]): void {
    const begun = this.#tuples.get(tuple)
    if (begun === this.#memoized) throw new TypeError("a tuple that contains itself can't be sent")
    this.#tuples.set(tuple, this.#memoized)
    this.tuple(tuple)
    if (begun === undefined) this.#tuples.delete(tuple)
    const slot = this.#memo.find(tuple)
    if (slot < 0) {
      this.memoize(tuple)
    } else {
      this.opcode(op.POP)
      this.get(slot)
    }
  }

  /** A tuple of these items, which nothing refers to. */
  tuple(items: readonly unknown[]): void {
    const { length } = items
    if (length > 3) this.opcode(op.MARK)
    this.#items(items, length)
    this.opcode(length > 3 ? op.TUPLE : length === 0 ? op.EMPTY_TUPLE : op.TUPLE1 + length - 1)
  }

  /** The arguments of a call in Python: the property `args` of the object that stands for its result here. */
  arguments(args: readonly unknown[]): void {
    this.#enter()
    try {
      this.tuple(args)
    } catch (error) {
      throw located(error, '.args')
    }
    this.#depth--
  }

  /** The own, enumerable properties of an object. */
  dict(object: Record<string, unknown>): void {
    const keys = Object.keys(object)
    // Nothing in it, or nothing that can be seen: `Math`.
    if (keys.length === 0) assertTag(object)
    this.opcode(op.EMPTY_DICT)
    this.memoize(object)
    if (keys.length === 0) return
    this.opcode(op.MARK)
    const shape = (this.#shapes[this.#depth] ??= { known: 0, pickle: 0, keys: [], slots: [] })
    if (shape.pickle !== this.#pickles) {
      shape.pickle = this.#pickles
      shape.known = 0
    }
    let i = 0
    try {
      for (; i < keys.length; i++) {
        const key = keys[i]!
        this.#key(key, i, shape)
        this.write(object[key], false)
      }
    } catch (error) {
      throw located(error, property(keys[i]!))
    }
    this.opcode(op.SETITEMS)
  }

  /** A key: objects at one depth mostly have the same ones in the same order. */
  #key(key: string, at: number, shape: Shape): void {
    const { keys, slots } = shape
    if (at < shape.known && keys[at] === key) {
      this.get(slots[at]!)
      return
    }
    this.text(key)
    if (at >= KEYS) return
    this.opcode(op.MEMOIZE)
    keys[at] = key
    slots[at] = this.#memoized++
    if (at >= shape.known) shape.known = at + 1
  }

  /** For a key or a member: an array as a tuple, a `Set` as a frozenset, and what else Python can hash. */
  #hashable(value: object): void {
    const array = Array.isArray(value)
    if (!array && !isSet(value)) {
      this.#otherHashable(value)
      return
    }
    const slot = this.#frozen.get(value)
    if (slot === UNFINISHED) throw new TypeError('a key of a Map, or a member of a Set, contains itself')
    if (slot !== undefined) {
      this.get(slot)
      return
    }
    this.#enter()
    this.#frozen.set(value, UNFINISHED)
    this.opcode(op.MARK)
    if (array) this.#hashableItems(value)
    else this.#members(value as ReadonlySet<unknown>)
    this.opcode(array ? op.TUPLE : op.FROZENSET)
    this.opcode(op.MEMOIZE)
    this.#frozen.set(value, this.#memoized++)
    this.#depth--
  }

  #hashableItems(list: readonly unknown[]): void {
    const { length } = list
    let i = 0
    try {
      for (; i < length; i++) this.write(list[i], true)
    } catch (error) {
      throw located(error, itemStep(i))
    }
  }

  #otherHashable(value: object): void {
    const slot = this.#memo.find(value)
    if (isPlain(value) || isMap(value) || isMutable(value)) throw unhashable(value)
    if (slot >= 0) {
      this.get(slot)
      return
    }
    this.#enter()
    if (!writeObject(this, value)) throw unhashable(value)
    this.#depth--
  }

  /** Both go on no further than they had come at first: code of the value's own may add to them meanwhile. */
  #map(map: ReadonlyMap<unknown, unknown>): void {
    this.opcode(op.EMPTY_DICT)
    this.memoize(map)
    const size = mapSize.call(map)
    if (size === 0) return
    this.opcode(op.MARK)
    let i = 0
    let inKey = true
    let at: unknown
    try {
      for (const [key, value] of mapEntries.call(map)) {
        inKey = true
        at = key
        this.write(key, true)
        inKey = false
        this.write(value, false)
        if (++i === size) break
      }
    } catch (error) {
      throw located(error, inKey ? mapKey(i) : entry(at, i))
    }
    this.opcode(op.SETITEMS)
  }

  #set(set: ReadonlySet<unknown>): void {
    this.opcode(op.EMPTY_SET)
    this.memoize(set)
    if (setSize.call(set) === 0) return
    this.opcode(op.MARK)
    this.#members(set)
    this.opcode(op.ADDITEMS)
  }

  #members(set: ReadonlySet<unknown>): void {
    const size = setSize.call(set)
    if (size === 0) return
    let i = 0
    try {
      for (const each of setValues.call(set)) {
        this.write(each, true)
        if (++i === size) break
      }
    } catch (error) {
      throw located(error, member(i))
    }
  }

  /** A class or function of Python's. */
  global(global: Global): void {
    if (this.recall(global)) return
    this.text(global.module)
    this.text(global.name)
    this.opcode(op.STACK_GLOBAL)
    this.remember(global)
  }

  /** A class or function that the program names. */
  globalOf(module: string, name: string): void {
    const key = `${module}\n${name}`
    if (this.recall(key)) return
    this.text(module)
    this.text(name)
    this.opcode(op.STACK_GLOBAL)
    this.remember(key)
  }

  /** Refers to what is known in this pickle under `key`; whether there is such. */
  recall(key: unknown): boolean {
    const slot = this.#known.get(key)
    if (slot === undefined) return false
    this.get(slot)
    return true
  }

  /** Makes what has just been written known under `key`. */
  remember(key: unknown): void {
    this.opcode(op.MEMOIZE)
    this.#known.set(key, this.#memoized++)
  }
}

// Most are of this realm. To ask the runtime what an object is takes as long as to write a small one.

function isMap(value: object): value is ReadonlyMap<unknown, unknown> {
  return !(value instanceof Date || ArrayBuffer.isView(value)) && types.isMap(value)
}

function isSet(value: object): value is ReadonlySet<unknown> {
  return !(value instanceof Date || ArrayBuffer.isView(value)) && types.isSet(value)
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Whether Python can change it, and so not hash it: an array that is not `bytes`, and a slice before Python 3.12. */
function isMutable(value: object): boolean {
  if (!ArrayBuffer.isView(value)) return typeOf(value) === 'slice'
  return !(types.isUint8Array(value) || types.isDataView(value)) || (value as { shape?: unknown }).shape !== undefined
}
