import { encodeInteger } from './integers.js'
import { Memo } from './memo.js'
import * as op from './opcodes.js'
import { writeObject } from './objects.js'
import type { PickleSettings } from './options.js'
import { Output } from './output.js'

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

/** Writes pickles of protocol 4. */
export class Writer extends Output {
  readonly #memo = new Memo()
  /** Of what is written as hashable, which differs: tuples and frozensets. */
  readonly #frozen = new Map<unknown, number>()
  readonly #globals = new Map<string, number>()
  readonly #shapes: Shape[] = []
  #pickles = 0
  #memoized = 0
  #depth = 0
  readonly settings: PickleSettings

  constructor(settings: PickleSettings) {
    super()
    this.settings = settings
  }

  /** Writes `value` to `bytes[0..size]`. */
  pickle(value: unknown): void {
    this.reset()
    try {
      this.#pickles++
      this.opcode(op.PROTO)
      this.opcode(PROTOCOL)
      this.write(value, false)
      this.opcode(op.STOP)
    } finally {
      this.#forget()
    }
  }

  #forget(): void {
    this.#memo.clear()
    if (this.#frozen.size > 0) this.#frozen.clear()
    this.#memoized = 0
    this.#depth = 0
    if (this.#globals.size > 0) this.#globals.clear()
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
        throw new TypeError(`a ${typeof value} has no form in Python`)
    }
  }

  #object(value: object, frozen: boolean): void {
    const slot = this.#memo.find(value)
    const hashable = frozen && (Array.isArray(value) || value instanceof Set)
    if (slot >= 0 && !hashable) {
      if (frozen && !isHashable(value)) throw unhashable(value)
      this.get(slot)
      return
    }
    if (this.#depth === MAX_DEPTH) throw new RangeError(`the value nests deeper than ${MAX_DEPTH} levels`)
    this.#depth++
    if (hashable) this.#hashable(value as unknown[] | Set<unknown>)
    else if (Array.isArray(value)) this.#list(value)
    else if (isPlain(value)) this.#dict(value as Record<string, unknown>, frozen)
    else this.#other(value, frozen)
    this.#depth--
  }

  /** Lets the reader's memo have the value that has just been written. */
  memoize(value: unknown): void {
    this.opcode(op.MEMOIZE)
    this.#memo.add(value, this.#memoized++)
  }

  #list(list: readonly unknown[]): void {
    this.opcode(op.EMPTY_LIST)
    this.memoize(list)
    if (list.length === 0) return
    this.opcode(op.MARK)
    for (let i = 0; i < list.length; i++) this.write(list[i], false)
    this.opcode(op.APPENDS)
  }

  /** The own, enumerable properties of an object. */
  #dict(object: Record<string, unknown>, frozen: boolean): void {
    if (frozen) throw unhashable(object)
    this.opcode(op.EMPTY_DICT)
    this.memoize(object)
    const keys = Object.keys(object)
    if (keys.length === 0) return
    this.opcode(op.MARK)
    const shape = (this.#shapes[this.#depth] ??= { known: 0, pickle: 0, keys: [], slots: [] })
    if (shape.pickle !== this.#pickles) {
      shape.pickle = this.#pickles
      shape.known = 0
    }
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!
      this.#key(key, i, shape)
      this.write(object[key], false)
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

  /** An array as a tuple, a `Set` as a frozenset. */
  #hashable(value: unknown[] | Set<unknown>): void {
    const slot = this.#frozen.get(value)
    if (slot === UNFINISHED) throw new TypeError('a key of a Map, or a member of a Set, contains itself')
    if (slot !== undefined) {
      this.get(slot)
      return
    }
    this.#frozen.set(value, UNFINISHED)
    this.opcode(op.MARK)
    for (const item of value) this.write(item, true)
    this.opcode(Array.isArray(value) ? op.TUPLE : op.FROZENSET)
    this.opcode(op.MEMOIZE)
    this.#frozen.set(value, this.#memoized++)
  }

  #other(value: object, frozen: boolean): void {
    if (value instanceof Map && !frozen) this.#map(value)
    else if (value instanceof Set) this.#set(value)
    else if (frozen && !isHashable(value)) throw unhashable(value)
    else if (!writeObject(this, value)) this.#dict(value as Record<string, unknown>, frozen)
  }

  #map(map: ReadonlyMap<unknown, unknown>): void {
    this.opcode(op.EMPTY_DICT)
    this.memoize(map)
    if (map.size === 0) return
    this.opcode(op.MARK)
    for (const [key, item] of map) {
      this.write(key, true)
      this.write(item, false)
    }
    this.opcode(op.SETITEMS)
  }

  #set(set: ReadonlySet<unknown>): void {
    this.opcode(op.EMPTY_SET)
    this.memoize(set)
    if (set.size === 0) return
    this.opcode(op.MARK)
    for (const item of set) this.write(item, true)
    this.opcode(op.ADDITEMS)
  }

  /** A class or function, by its module and name. */
  global(module: string, name: string): void {
    this.once(`${module}.${name}`, () => {
      this.text(module)
      this.text(name)
      this.opcode(op.STACK_GLOBAL)
    })
  }

  /** Writes once what `write` writes, and refers to it after that. */
  once(name: string, write: () => void): void {
    const slot = this.#globals.get(name)
    if (slot !== undefined) {
      this.get(slot)
      return
    }
    write()
    this.opcode(op.MEMOIZE)
    this.#globals.set(name, this.#memoized++)
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Whether Python can have it as the key of a dict. */
function isHashable(value: object): boolean {
  if (isPlain(value) || value instanceof Map) return false
  return !ArrayBuffer.isView(value) || value instanceof Uint8Array || value instanceof DataView
}

function unhashable(value: object): TypeError {
  const kind = isPlain(value) ? 'an object' : `a ${value.constructor.name}`
  return new TypeError(`${kind} can't be the key of a dict or the member of a set in Python`)
}
