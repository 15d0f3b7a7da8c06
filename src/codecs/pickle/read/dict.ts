import { watchKeys } from './key-collisions.js'

type Dict = Record<string, unknown>

/**
 * Puts `items[start..end]`, keys and values in turn, into a dict, and returns it: the same one, or, where a key is no string
 * and the dict was an object so far, the `Map` that takes its place.
 */
export function setItems(dict: unknown, items: unknown[], start: number, end: number): Dict | Map<unknown, unknown> {
  if (dict instanceof Map) return setEntries(dict, items, start, end)
  if (!isDict(dict)) throw new Error('it sets items of something that is not a dict')
  let sparse = false
  for (let i = start; i < end; i += 2) {
    const key = items[i]
    if (typeof key !== 'string') return setEntries(new Map<unknown, unknown>(Object.entries(dict)), items, i, end)
    if (key === '__proto__') {
      define(dict, key, items[i + 1])
    } else {
      if (!sparse && isFarIndex(key, (i - start) / 2)) sparse = makeSparse(dict)
      dict[key] = items[i + 1]
    }
  }
  return dict
}

function setEntries(map: Map<unknown, unknown>, items: unknown[], start: number, end: number): Map<unknown, unknown> {
  const watch = watchKeys(map, (end - start) / 2)
  if (!watch) {
    for (let i = start; i < end; i += 2) map.set(items[i], items[i + 1])
    return map
  }
  for (let i = start; i < end; i += 2) {
    map.set(items[i], items[i + 1])
    watch.added(items[i])
  }
  return map
}

/**
 * Whether a key is an index so far beyond `count` others that an engine would make room for all before it: 12 KB for a key of
 * four digits. Beyond those, engines take a hash table by themselves.
 */
function isFarIndex(key: string, count: number): boolean {
  const { length } = key
  if (length < 2 || length > 4) return false
  const first = key.charCodeAt(0)
  return first >= 0x31 && first <= 0x39 && Number(key) > 32 + 8 * count
}

const FARTHEST_INDEX = 2 ** 32 - 2

/** Lets an object keep what it has under indexes in a hash table. */
function makeSparse(dict: Dict): true {
  if (Object.hasOwn(dict, FARTHEST_INDEX)) return true
  dict[FARTHEST_INDEX] = 0
  delete dict[FARTHEST_INDEX]
  return true
}

/** Adds `items[start..end]` to a set. */
export function addMembers(set: Set<unknown>, items: readonly unknown[], start: number, end: number): void {
  const watch = watchKeys(set, end - start)
  for (let i = start; i < end; i++) {
    set.add(items[i])
    watch?.added(items[i])
  }
}

/** Assigning to `__proto__` would set the prototype. */
export function define(dict: Dict, key: string, value: unknown): void {
  Object.defineProperty(dict, key, { value, writable: true, enumerable: true, configurable: true })
}

export function isDict(value: unknown): value is Dict {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
