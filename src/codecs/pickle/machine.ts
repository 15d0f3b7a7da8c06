import { isDict, replaceAll, setItems } from './dict.js'
import { Arguments, Global, Internal, refuseInternal } from './internal.js'
import { PythonError } from './types/error.js'
import type { NativeBuffer } from './text.js'

const NOTHING = Buffer.alloc(0) as NativeBuffer

/**
 * What constructors may copy: so many bytes, characters or items, and so many times the length of the pickle. A pickler
 * writes what it passes to a constructor, as a rule, once for each.
 */
const COPIES_MIN = 1 << 20
const COPIES_PER_BYTE = 16

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
  /** What constructors have been passed so far. */
  #copied = 0

  begin(bytes: NativeBuffer, start: number, end: number): void {
    this.bytes = bytes
    this.at = start
    this.end = end
    this.#start = start
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
    this.#internals = false
    this.#copied = 0
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

  /** Refuses what is internal in `stack[from..to]`, which becomes a part of a value. */
  check(from: number, to: number): void {
    if (!this.#internals) return
    for (let i = from; i < to; i++) {
      const item = this.stack[i]
      if (item instanceof Internal) refuseInternal(item)
    }
  }

  append(list: unknown, from: number, to: number): void {
    if (!Array.isArray(list)) throw new Error('the pickle appends to something that is not a list')
    this.check(from, to)
    const { stack } = this
    for (let i = from; i < to; i++) list.push(stack[i])
  }

  /** Sets the items `stack[from..to]` of the dict below them. */
  setItems(from: number, to: number): void {
    if ((to - from) % 2 !== 0) throw new Error('the pickle has a dict key without its value')
    this.check(from, to)
    const top = this.stack[from - 1]
    const dict = this.#converted?.get(top) ?? top
    const now = setItems(dict, this.stack, from, to)
    this.stack[from - 1] = now
    if (now === dict) return
    this.#converted ??= new Map()
    this.#converted.set(dict, now)
    this.#stale ||= this.#fetched?.has(dict) === true
  }

  tuple(items: unknown[]): unknown {
    return this.#internals && items.some((item) => item instanceof Internal) ? new Arguments(items) : items
  }

  pushGlobal(global: Global): void {
    this.#internals = true
    this.stack[this.height++] = global
  }

  /** What Python would get from calling `callable` with `args`. */
  call(callable: unknown, args: unknown): unknown {
    if (!(callable instanceof Global)) throw new Error('the pickle calls something that is not a class or function')
    const items = args instanceof Arguments ? args.items : args
    if (!Array.isArray(items)) throw new Error(`the arguments for ${callable.name} are not a tuple`)
    this.#allowCopies(items)
    return callable.construct(items, callable.name)
  }

  /** Constructors copy their arguments. The memo gives one of a megabyte again and again, for two bytes each. */
  #allowCopies(args: readonly unknown[]): void {
    for (const arg of args) {
      if (typeof arg === 'string' || Array.isArray(arg) || arg instanceof Uint8Array) this.#copied += arg.length
    }
    this.#copied += args.length
    if (this.#copied > COPIES_MIN + COPIES_PER_BYTE * (this.end - this.#start)) {
      throw new Error('the pickle makes more copies of its values than its size accounts for')
    }
  }

  /** Gives the value below the uppermost its state, which is the uppermost. */
  build(): void {
    const state = this.stack[--this.height]
    const value = this.stack[this.height - 1]
    if (value instanceof Internal) {
      if (Array.isArray(state)) this.#allowCopies(state)
      if (state instanceof Arguments) this.#allowCopies(state.items)
      const built = value.build(state)
      this.stack[this.height - 1] = built
      if (value.slot >= 0) this.#memo[value.slot] = built
    } else if (value instanceof PythonError && isDict(state)) {
      value.attributes = state
    } else {
      throw new Error('the pickle gives a state to something that has none')
    }
  }

  /** The value that the pickle was made of. */
  result(): unknown {
    if (this.height - this.floor < 1) throw underflow()
    if (this.at < this.end) throw new Error(`the pickle ends at its byte ${this.at - this.#start}, the message goes on`)
    this.check(this.height - 1, this.height)
    const value = this.stack[this.height - 1]
    return this.#stale && this.#converted ? replaceAll(value, this.#converted) : value
  }
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
