import { isDict } from './dict.js'
import { isException } from './exceptions.js'
import { Arguments, type Creation, Global, Internal, NewObject, Reduction } from './internal.js'
import type { PickleSettings } from '../options.js'
import { PythonFloat } from '../types/float.js'

/**
 * The amount that constructors may copy: so many bytes, characters or items, and so many times the length of the pickle. A pickler
 * writes what it passes to a constructor, as a rule, once for each.
 */
const COPIES_MIN = 1 << 20
const COPIES_PER_BYTE = 16

/** How many times longer putting an item into a set or a dict takes than copying it. */
const HASHED = 8

/** So many calls may fail, and be left to be refused if something refers to them: to fail costs more than to succeed. */
const FAILURES_MAX = 10_000

/** The longest name that is looked for among the program's. */
const LONGEST_NAME = 1000

/** A class of the standard library's that is called and then given a dict, as only exceptions are otherwise. */
const NAMESPACE = 'types.SimpleNamespace'

/** The calls of a pickle. Those of names on the allow-list are done; of the others it is noted what they are. */
export class Calls {
  /** In the order in which they were made. */
  reductions: Reduction[] = []
  /** Of values whose type doesn't say it, the class that made them: noted where each has to be printed as Python does. */
  origins: Map<unknown, string> | undefined
  #settings!: PickleSettings
  /** How often something was added to one of the reductions. */
  #events = 0
  #failures = 0
  /** The amount that constructors have been passed so far. */
  #copied = 0
  #copiesMax = 0

  begin(settings: PickleSettings, size: number, exact: boolean): void {
    this.#settings = settings
    this.#copiesMax = COPIES_MIN + COPIES_PER_BYTE * size
    if (exact) this.origins = new Map()
  }

  clear(): void {
    if (this.reductions.length > 0) this.reductions = []
    this.origins = undefined
    this.#events = 0
    this.#failures = 0
    this.#copied = 0
  }

  /** Notes that something was added to an object. */
  addedTo(reduction: Reduction): void {
    reduction.completed = ++this.#events
  }

  /** The object that Python would get by calling `callee` with `args`, or by making an object of that class. */
  call(callee: unknown, args: unknown, creation: Creation, kwargs?: Record<string, unknown>): unknown {
    if (!(callee instanceof Internal) || callee instanceof Arguments) {
      throw new Error('the pickle calls something that is not a class or function')
    }
    const items = args instanceof Arguments ? args.items : args
    if (!Array.isArray(items)) throw new Error(`the arguments for ${callee.name} are not a tuple`)
    const size = this.#allowCopies(items)
    if (!(callee instanceof Global) || callee.construct === undefined)
      return this.#reduce(callee, items, creation, kwargs)
    if (kwargs) return this.#reduce(callee, items, creation, kwargs, `it makes ${callee.name} with keyword arguments`)
    let value: unknown
    try {
      value = callee.construct(this.#plain(items), callee.name, this.#settings)
    } catch (error) {
      return this.#fail(callee, items, creation, error)
    }
    if (value instanceof NewObject) return this.call(value.type, value.args, 'new', value.kwargs)
    if (value instanceof Internal) {
      // A part of a name, and an exception that was raised from another, are as they were made.
      if (value instanceof Global || value instanceof Reduction) return value
      value.callee = callee
      value.args = items
      value.creation = creation
    } else {
      this.#note(value, callee.name, size)
    }
    if (!isChosen(callee, this.#settings)) return value
    const reduction = this.#reduce(callee, items, creation)
    reduction.known = value
    return reduction
  }

  /** The arguments as constructors of the allow-list expect them. */
  #plain(items: unknown[]): unknown[] {
    const known = this.#settings.classes.size > 0
    if (!known && this.origins === undefined) return items
    return items.map((item) => {
      if (item instanceof PythonFloat) return item.value
      return known && item instanceof Reduction && item.known !== undefined ? item.known : item
    })
  }

  #fail(callee: Internal, args: unknown[], creation: Creation, error: unknown): Reduction {
    if (++this.#failures > FAILURES_MAX || !(error instanceof Error)) throw error
    return this.#reduce(callee, args, creation, undefined, error.message)
  }

  #reduce(
    callee: Internal,
    args: unknown[],
    creation: Creation,
    kwargs?: Record<string, unknown>,
    reason?: string,
  ): Reduction {
    const reduction = new Reduction(callee, args, creation, kwargs, reason)
    reduction.isError = callee instanceof Global && isException(callee, creation, this.#settings)
    this.addedTo(reduction)
    this.reductions.push(reduction)
    return reduction
  }

  /** Constructors copy their arguments. The memo gives one of a megabyte again and again, for two bytes each. */
  #allowCopies(args: readonly unknown[]): number {
    let size = args.length
    for (const arg of args) {
      if (typeof arg === 'string' || Array.isArray(arg) || arg instanceof Uint8Array) size += arg.length
    }
    this.#copied += size
    if (this.#copied > this.#copiesMax) {
      throw new Error('the pickle makes more copies of its values than its size accounts for')
    }
    return size
  }

  /** `size`: how much it was made of, as far as that is known without looking. */
  #note(value: unknown, origin: string, size: number): void {
    if (typeof value !== 'object' || value === null) return
    // How many there are in a dict is known only now.
    if (value instanceof Map || value instanceof Set) this.#copied += Math.max(value.size, size) * HASHED
    this.origins?.set(value, origin)
  }

  /** A value after it has been given its state. */
  build(value: Internal, state: unknown): unknown {
    if (Array.isArray(state)) this.#allowCopies(state)
    if (state instanceof Arguments) this.#allowCopies(state.items)
    value.state = state
    const built = this.#built(value, state)
    if (built === value) return value
    value.becomes = built
    this.#note(built, value.name, 0)
    return built
  }

  #built(value: Internal, state: unknown): unknown {
    if (value instanceof Reduction) {
      this.addedTo(value)
      // Python calls nothing else first, to give it attributes then.
      if (value.creation === 'call' && value.callee instanceof Global && value.callee.construct === undefined) {
        value.isError ||= isDict(state) && value.name !== NAMESPACE
      }
    }
    try {
      return value.build(state, this.#settings)
    } catch (error) {
      const reduction = this.#fail(value.callee ?? value, value.args, value.creation, error)
      reduction.state = state
      return reduction
    }
  }
}

/** A float that can be told from an integer. */
export function exactFloat(value: number): number | PythonFloat {
  return Number.isInteger(value) ? new PythonFloat(value) : value
}

/** Whether the program's options say what to make of objects of this class. */
export function isChosen(callee: Internal, { classes }: PickleSettings): boolean {
  return classes.size > 0 && callee instanceof Global && callee.path.length < LONGEST_NAME && classes.has(callee.name)
}
