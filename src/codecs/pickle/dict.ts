import { PythonError } from './types/error.js'

type Dict = Record<string, unknown>

/**
 * Puts `items[start..end]`, keys and values in turn, into a dict, and returns it: the same one, or, where a key is no string
 * and the dict was an object so far, the `Map` that takes its place.
 */
export function setItems(dict: unknown, items: unknown[], start: number, end: number): Dict | Map<unknown, unknown> {
  if (dict instanceof Map) return setEntries(dict, items, start, end)
  if (!isDict(dict)) throw new Error('it sets items of something that is not a dict')
  for (let i = start; i < end; i += 2) {
    const key = items[i]
    if (typeof key !== 'string') return setEntries(new Map<unknown, unknown>(Object.entries(dict)), items, i, end)
    if (key === '__proto__') define(dict, key, items[i + 1])
    else dict[key] = items[i + 1]
  }
  return dict
}

function setEntries(map: Map<unknown, unknown>, items: unknown[], start: number, end: number): Map<unknown, unknown> {
  for (let i = start; i < end; i += 2) map.set(items[i], items[i + 1])
  return map
}

/** Assigning to `__proto__` would set the prototype. */
function define(dict: Dict, key: string, value: unknown): void {
  Object.defineProperty(dict, key, { value, writable: true, enumerable: true, configurable: true })
}

export function isDict(value: unknown): value is Dict {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

/** Puts `replacements` in the place of their keys, wherever these are in `value`: objects that became `Map`s too late. */
export function replaceAll(value: unknown, replacements: ReadonlyMap<unknown, unknown>): unknown {
  const met = new Set<unknown>()
  const todo: unknown[] = []
  const visit = (child: unknown): unknown => {
    const now = replacements.get(child) ?? child
    if (typeof now === 'object' && now !== null && !ArrayBuffer.isView(now)) todo.push(now)
    return now
  }
  const result = visit(value)
  while (todo.length > 0) {
    const parent = todo.pop()
    if (met.has(parent)) continue
    met.add(parent)
    if (Array.isArray(parent)) {
      for (let i = 0; i < parent.length; i++) parent[i] = visit(parent[i])
    } else if (parent instanceof Map) {
      for (const [key, item] of parent) {
        if (visit(key) !== key) throw new Error('a dict is a key of a dict')
        parent.set(key, visit(item))
      }
    } else if (parent instanceof Set) {
      for (const item of parent) if (visit(item) !== item) throw new Error('a dict is a member of a set')
    } else if (isDict(parent)) {
      for (const key of Object.keys(parent)) define(parent, key, visit(parent[key]))
    } else if (parent instanceof PythonError) {
      visit(parent.args)
      visit(parent.attributes)
    }
  }
  return result
}
