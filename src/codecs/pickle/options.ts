import { boolean, invalidType, options } from '../../api/arguments.js'
import { type OptionNames, owned } from '../../api/option-names.js'
import type { Transferable } from '../../wire/transferable.js'
import type { PythonObject } from './types/object.js'

/**
 * Makes a value of a Python object that the table has no type for.
 *
 * @param args - What Python would call the class with.
 * @param state - What Python would give the new object: mostly a plain object of its attributes. `undefined` where there is none.
 * @param object - All of it, as `unknown: 'object'` would give it.
 * See {@link PickleOptions}.
 */
export type PythonClass = (args: unknown[], state: unknown, object: PythonObject) => unknown

/**
 * How `pickle()` reads and writes what JavaScript has no equal of.
 *
 * @example
 * ```ts
 * import { pickle, PythonObject } from 'carom/python'
 *
 * const codec = pickle({
 *   tuples: true, // read tuples as PythonTuple
 *   naive: true, // read naive datetimes as PythonDateTime
 *   unknown: 'object', // read what is not in the table as PythonObject
 *   classes: { 'app.Point': ([x, y]) => ({ x, y }) },
 *   exceptions: ['app.Failure'],
 *   forward: false, // write no object whose class a peer has named
 * })
 * const bytes = codec.encode([new PythonObject('app', 'Point', [1, 2]), new PythonObject('app', 'Circle', [5])])
 * const [point, circle] = codec.decode(bytes) as [unknown, PythonObject]
 * console.log(point, circle.name, circle.args) // { x: 1, y: 2 } Circle [ 5 ]
 * ```
 */
export interface PickleOptions {
  /** Reads a `tuple` as a `PythonTuple`, which is written as a `tuple` again. Default `false`: as an `Array`. */
  tuples?: boolean | undefined
  /** Reads a naive `datetime` as a `PythonDateTime`. Default `false`: as a `Date`, by the clock of this machine. */
  naive?: boolean | undefined
  /**
   * The treatment of a class or function that is not in the table: `'error'` is a `DecodeError` that names it; `'object'` gives
   * a `PythonObject`, which holds what the pickle says of it. Nothing is imported or called. Default `'error'`.
   */
  unknown?: 'error' | 'object' | undefined
  /** Functions that make values of objects of these classes, by `'module.Name'`. Default: none. */
  classes?: Readonly<Record<string, PythonClass>> | undefined
  /**
   * Writes a `PythonObject` that was received, as if this program had made it. The Python that reads it then imports and
   * calls what the sender named: only where the receiver trusts the sender. Default `false`.
   */
  forward?: boolean | undefined
  /** Classes that are exceptions, by `'module.Name'`, and so arrive as a `PythonError`. Default: those that look like one. */
  exceptions?: readonly string[] | undefined
}

const PICKLE: OptionNames<PickleOptions> = owned('pickle', {
  tuples: true,
  naive: true,
  unknown: true,
  classes: true,
  forward: true,
  exceptions: true,
})

/** Options that have been checked, and their defaults filled in. */
export interface PickleSettings {
  readonly tuples: boolean
  readonly naive: boolean
  readonly unknownAsObject: boolean
  readonly classes: ReadonlyMap<string, PythonClass>
  readonly forward: boolean
  readonly exceptions: ReadonlySet<string>
  /** Gives the persistent id that stands in the pickle for a connection, a listener or a handle. Without it, they are refused. */
  readonly reference?: (object: Transferable) => unknown[]
  /** Gives the value that is written in the place of an object that is neither plain nor a list, a map or a set; `undefined` for itself. */
  readonly standIn?: (object: object) => PythonObject | undefined
}

/** A module and a name in it, as Python prints it. */
const QUALIFIED = /^[^.\s]+(\.[^.\s]+)+$/

export function pickleSettings(given: PickleOptions | undefined): PickleSettings {
  const { tuples = false, naive = false, unknown = 'error', forward = false, ...rest } = options(given, PICKLE)
  const { classes = {}, exceptions = [] } = rest
  if (unknown !== 'error' && unknown !== 'object') throw invalidType('unknown', "'error' or 'object'", unknown)
  return {
    tuples: boolean('tuples', tuples),
    naive: boolean('naive', naive),
    unknownAsObject: unknown === 'object',
    classes: classMap(classes),
    forward: boolean('forward', forward),
    exceptions: new Set(nameList(exceptions)),
  }
}

function classMap(classes: unknown): Map<string, PythonClass> {
  if (typeof classes !== 'object' || classes === null) {
    throw invalidType('classes', "an object of functions by 'module.Name'", classes)
  }
  const map = new Map<string, PythonClass>()
  for (const [name, make] of Object.entries(classes)) {
    if (typeof make !== 'function') throw invalidType(`classes['${name}']`, 'a function', make)
    map.set(qualified('classes', name), make as PythonClass)
  }
  return map
}

function nameList(names: unknown): string[] {
  if (!Array.isArray(names)) throw invalidType('exceptions', "an array of names, as 'module.Name'", names)
  return names.map((name: unknown) => qualified('exceptions', name))
}

/** A name without its module would never match. */
function qualified(option: string, name: unknown): string {
  if (typeof name !== 'string' || !QUALIFIED.test(name)) {
    throw invalidType(`each name in ${option}`, "'module.Name'", name)
  }
  return name
}
