import { addMembers, isDict, setItems } from './dict.js'
import { Calls } from './calls.js'
import { Arguments, type Creation, Global, Internal, Reduction } from './internal.js'
import type { PickleSettings } from '../options.js'
import type { NativeBuffer } from '../text.js'
import { PythonSlice } from '../types/slice.js'
import { PythonTuple } from '../types/tuple.js'

const NOTHING = Buffer.alloc(0) as NativeBuffer

/** Up to this length, arrays are used again: making them is a good part of what reading a small message costs. */
const REUSED = 64

/**
 * The machine that a pickle is a program for: it builds values on a stack, without recursion. Its memory grows with the bytes
 * that are there, whatever sizes they claim.
 */
export class Machine {
  bytes: NativeBuffer = NOTHING
  /** Where the program goes on, and where it ends. */
  at = 0
  end = 0
  stack: unknown[] = newArray()
  /** How many values the stack has. What lies above is left from before. */
  height = 0
  /** Where the values above the last mark begin: what is below is out of reach. */
  floor = 0
  readonly #floors: number[] = []
  #start = 0
  #memo: unknown[] = newArray()
  #memoized = 0
  /** Dicts that were read from the memo, and so may be in several places. */
  #fetched: Set<unknown> | undefined
  /** Objects that turned out to be `Map`s, when a key that is no string came. */
  #converted: Map<unknown, unknown> | undefined
  /** Whether one of them is in several places. */
  #stale = false
  /** Whether there may be anything internal: in most pickles there is nothing. */
  #internals = false
  /** Whether something internal is in a container. */
  #pending = false
  readonly #calls = new Calls()
  #unresolved: Unresolved | undefined
  /** The version that the pickle says it has. */
  protocol = 0
  /** Tuples are read as what is written as one again. */
  #tuples = false

  /** `exact`: notes the origins of values, and reads a whole float as a `PythonFloat`. */
  begin(bytes: NativeBuffer, start: number, end: number, settings: PickleSettings, exact: boolean): void {
    this.bytes = bytes
    this.at = start
    this.end = end
    this.#start = start
    this.#calls.begin(settings, end - start, exact)
    this.#tuples = settings.tuples || exact
    this.protocol = 0
  }

  /** Of values whose type doesn't say it, the class that made them: noted where each has to be printed as Python does. */
  get origins(): Map<unknown, string> | undefined {
    return this.#calls.origins
  }

  /** Forgets everything, so that nothing of a message stays alive. */
  clear(): void {
    this.bytes = NOTHING
    this.stack = cleared(this.stack)
    this.height = 0
    this.floor = 0
    if (this.#floors.length > 0) this.#floors.length = 0
    this.#memo = cleared(this.#memo)
    this.#memoized = 0
    this.#fetched = undefined
    this.#converted = undefined
    this.#stale = false
    if (this.#internals || this.origins) this.#calls.clear()
    this.#internals = false
    this.#pending = false
  }

  mark(height: number): void {
    this.#floors.push(this.floor)
    this.floor = height
  }

  /** Forgets the last mark, below which there must be `below` values, and returns where the values above it begin. */
  popMark(below: number): number {
    const mark = this.floor
    const before = this.#floors.pop()
    if (before === undefined) throw new Error('the pickle uses a mark that is not there')
    this.floor = before
    if (mark - before < below) throw underflow()
    return mark
  }

  memoize(value: unknown): void {
    this.put(this.#memoized, value)
  }

  put(slot: number, value: unknown): void {
    const memo = this.#memo
    // Picklers count; a gap would only cost memory.
    if (slot > this.end - this.#start) throw new Error(`the pickle's memo has no place ${slot}`)
    if (memo[slot] === undefined) this.#memoized++
    memo[slot] = value
    if (this.#internals && value instanceof Internal && !(value instanceof Global)) value.slot = slot
  }

  get(slot: number): unknown {
    const value = this.#memo[slot]
    if (value === undefined) throw new Error(`the pickle's memo has nothing at ${slot}`)
    return isDict(value) ? this.#fetch(value) : value
  }

  #fetch(dict: unknown): unknown {
    const map = this.#converted?.get(dict)
    if (map) return map
    this.#fetched ??= new Set()
    this.#fetched.add(dict)
    return dict
  }

  /** The uppermost value a second time. */
  duplicate(): unknown {
    const value = this.stack[this.height - 1]
    return isDict(value) ? this.#fetch(value) : value
  }

  /** Notes whether anything internal is in `stack[from..to]`, which becomes a part of a value. */
  check(from: number, to: number): void {
    if (!this.#internals || this.#pending) return
    for (let i = from; i < to; i++) if (this.stack[i] instanceof Internal) this.#pending = true
  }

  append(list: unknown, from: number, to: number): void {
    const { stack } = this
    if (Array.isArray(list)) {
      this.check(from, to)
      for (let i = from; i < to; i++) list.push(stack[i])
    } else if (list instanceof Reduction) {
      list.items ??= []
      for (let i = from; i < to; i++) list.items.push(stack[i])
      this.#calls.addedTo(list)
    } else {
      throw new Error('the pickle appends to something that is not a list')
    }
  }

  /** Adds the members `stack[from..to]` to a set. */
  add(set: unknown, from: number, to: number): void {
    if (!(set instanceof Set)) throw new Error('the pickle adds members to something that is not a set')
    this.check(from, to)
    addMembers(set, this.stack, from, to)
  }

  /** Sets the items `stack[from..to]` of the dict below them. */
  setItems(from: number, to: number): void {
    if ((to - from) % 2 !== 0) throw new Error('the pickle has a dict key without its value')
    const top = this.stack[from - 1]
    if (this.#internals && top instanceof Reduction) {
      top.entries ??= []
      for (let i = from; i < to; i += 2) top.entries.push([this.stack[i], this.stack[i + 1]])
      this.#calls.addedTo(top)
      return
    }
    this.check(from, to)
    const dict = this.#converted?.get(top) ?? top
    const now = setItems(dict, this.stack, from, to)
    this.stack[from - 1] = now
    if (now === dict) return
    this.#converted ??= new Map()
    this.#converted.set(dict, now)
    this.#stale ||= this.#fetched?.has(dict) === true
  }

  tuple(items: unknown[]): unknown {
    const tuple = this.#tuples ? PythonTuple.from(items) : items
    return this.#internals && items.some((item) => item instanceof Internal) ? new Arguments(tuple) : tuple
  }

  pushGlobal(global: Global): void {
    this.#internals = true
    this.stack[this.height++] = global
  }

  /** The object that Python would get by calling `callee` with `args`, or by making an object of that class. */
  call(callee: unknown, args: unknown, creation: Creation, kwargs?: Record<string, unknown>): unknown {
    const value = this.#calls.call(callee, args, creation, kwargs)
    // The other constructors make something of their arguments that no longer holds them.
    if (value instanceof PythonSlice && args instanceof Arguments) this.#pending = true
    return value
  }

  /** Gives the value below the uppermost its state, which is the uppermost. */
  build(): void {
    const state = this.stack[--this.height]
    const value = this.stack[this.height - 1]
    if (!(value instanceof Internal) || value instanceof Arguments || value instanceof Global) {
      // The attributes of an `OrderedDict`.
      if (value instanceof Map) return
      throw new Error('the pickle gives a state to something that has none')
    }
    const built = this.#calls.build(value, state)
    if (built === value) return
    this.stack[this.height - 1] = built
    if (value.slot >= 0) this.#memo[value.slot] = built
  }

  /** The value that the pickle was made of. */
  result(): unknown {
    if (this.height - this.floor < 1) throw underflow()
    if (this.at < this.end) throw new Error(`the pickle ends at its byte ${this.at - this.#start}, the message goes on`)
    const value = this.stack[this.height - 1]
    const converted = this.#stale ? this.#converted : undefined
    if (this.#pending || converted !== undefined || value instanceof Internal) {
      this.#unresolved = { reductions: this.#calls.reductions, converted, origins: this.origins }
    }
    return value
  }

  /** The work that is left to do on the last result; `undefined` where there is none. */
  takeUnresolved(): Unresolved | undefined {
    const unresolved = this.#unresolved
    this.#unresolved = undefined
    return unresolved
  }
}

/** Where anything internal, or a dict that became a `Map` too late, is or may be part of a value. */
export interface Unresolved {
  /** In the order in which they were made. */
  readonly reductions: readonly Reduction[]
  /** Objects that turned out to be `Map`s. */
  readonly converted: ReadonlyMap<unknown, unknown> | undefined
  readonly origins: ReadonlyMap<unknown, string> | undefined
}

/** An array that V8 takes for one of anything from the beginning: changing its mind would cost more than the array. */
function newArray(): unknown[] {
  return [undefined]
}

function cleared(array: unknown[]): unknown[] {
  if (array.length > REUSED) return newArray()
  for (let i = 0; i < array.length; i++) array[i] = undefined
  return array
}

export function underflow(): Error {
  return new Error('the pickle uses values that are not on its stack')
}

export function truncated(): Error {
  return new Error('the pickle ends too early')
}

export function uint32(bytes: Buffer, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
}
