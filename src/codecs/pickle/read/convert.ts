import { isContainer, rewrite } from './rewrite.js'
import type { PickleSettings } from '../options.js'
import type { PythonObject } from '../types/object.js'

/** An object that the program's options say what to make of. */
export interface Chosen {
  readonly object: PythonObject
  readonly completed: number
}

/**
 * Calls the program's functions for the objects of its classes: those that are inside of others first. Where objects are
 * inside of each other, one of them is still as the pickle has it when its function's turn comes.
 */
export function convert(value: unknown, chosen: Chosen[], { classes }: PickleSettings): unknown {
  const made = new Map<unknown, unknown>()
  const waiting = new Set<unknown>(chosen.map(({ object }) => object))
  const met = new Set<object>()
  /** A container that holds an object whose turn had not come. */
  const late = new Set<object>()

  const replace = (root: unknown): unknown => {
    const todo: object[] = []
    let holder: object | undefined
    const visit = (child: unknown): unknown => {
      if (made.has(child)) return made.get(child)
      if (waiting.has(child) && holder !== undefined) late.add(holder)
      if (typeof child === 'object' && child !== null && isContainer(child)) todo.push(child)
      return child
    }
    const result = visit(root)
    for (holder = todo.pop(); holder !== undefined; holder = todo.pop()) {
      if (met.has(holder)) continue
      met.add(holder)
      rewrite(holder, visit)
    }
    return result
  }

  for (const { object } of chosen.toSorted((a, b) => a.completed - b.completed)) {
    replace(object)
    const name = `${object.module}.${object.name}`
    let result: unknown
    try {
      result = classes.get(name)!(object.args ?? [], object.state, object)
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause)
      throw new Error(`classes['${name}'] threw: ${message}`, { cause })
    }
    waiting.delete(object)
    made.set(object, result)
  }
  const result = replace(value)
  for (const holder of late) rewrite(holder, (child) => (made.has(child) ? made.get(child) : child))
  return result
}
