/**
 * How Python makes an object: it calls its class, or has it make an object without initializing it (`__new__`).
 * See {@link PythonObject}.
 */
export type PythonCreation = 'call' | 'new'

/** The rarer parts of a `PythonObject`. */
export interface PythonObjectOptions {
  kwargs?: Record<string, unknown>
  creation?: PythonCreation
  callable?: PythonObject
}

/** On objects whose names a peer chose. Registered, and on the object, so that another copy of carom sees it: Jest makes several. */
const received = Symbol.for('carom.python.received')

/**
 * A Python object, class or function that JavaScript has no form of, as what a pickle says of it: which name is called with
 * what, and what is then given to the result. Nothing of that happens here.
 *
 * One that is received by `pickle({ unknown: 'object' })` is for looking at. It is written only with `forward: true`: the
 * Python that reads it imports the module and calls the name, which its sender chose. One that the program makes is written
 * as it is: `new PythonObject('fractions', 'Fraction', [1, 2])`.
 *
 * @example
 * ```ts
 * import { pickle, PythonObject } from 'carom/python'
 *
 * const half = new PythonObject('fractions', 'Fraction', [1, 2]) // Python calls fractions.Fraction(1, 2)
 * console.log(pickle().decode(pickle().encode(half))) // PythonFraction { numerator: 1n, denominator: 2n }
 *
 * const seen = pickle({ unknown: 'object' })
 * const made = new PythonObject('app', 'Rows', [], { open: true }, [1, 2], [['key', 'value']], { creation: 'new' })
 * const { module, name, args, state, items, entries, kwargs, creation, callable } = seen.decode(seen.encode(made)) as PythonObject
 * console.log(module, name, args, state, items, entries, kwargs, creation, callable)
 * // app Rows [] { open: true } [ 1, 2 ] [ [ 'key', 'value' ] ] undefined new undefined
 * ```
 */
export class PythonObject {
  /** Where Python imports the name from. */
  readonly module: string
  /** The name in the module: `Name`, or `Outer.Name`. */
  readonly name: string
  /** The arguments that the name is called with; `undefined` where the class or function itself is meant. */
  args: unknown[] | undefined
  /** The state that the new object is given, for its `__setstate__` or as its attributes. */
  state: unknown
  /** Items that are appended to it, as to a list. */
  items: unknown[] | undefined
  /** Keys and values that are set on it, as on a dict. */
  entries: [key: unknown, value: unknown][] | undefined
  /** Arguments by keyword. */
  kwargs: Record<string, unknown> | undefined
  /** How Python makes it: by calling the name, or by its `__new__`. */
  creation: PythonCreation
  /** The call whose result is called, where that is no name: `module` and `name` are then that call's. */
  callable: PythonObject | undefined

  /** The parts are those of the fields. */
  constructor(
    module: string,
    name: string,
    args?: unknown[],
    state?: unknown,
    items?: unknown[],
    entries?: [key: unknown, value: unknown][],
    { kwargs, creation = 'call', callable }: PythonObjectOptions = {},
  ) {
    for (const text of [module, name]) {
      if (typeof text !== 'string' || text === '')
        throw new TypeError('a module and a name must be strings that are not empty')
    }
    this.module = module
    this.name = name
    this.args = args
    this.state = state
    this.items = items
    this.entries = entries
    this.kwargs = kwargs
    this.creation = creation
    this.callable = callable
  }
}

/** Notes that a peer, and not this program, chose the names. */
export function markReceived(object: PythonObject): PythonObject {
  return Object.defineProperty(object, received, { value: true })
}

/** Whether a peer chose the names. */
export function wasReceived(object: PythonObject): boolean {
  return received in object
}
