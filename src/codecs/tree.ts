/** How many objects are looked at, at most: each is searched for among those before it. */
const OBJECTS_MAX = 16

const met: unknown[] = Array.from({ length: OBJECTS_MAX })
let count = 0

/**
 * Whether `value` is nothing but primitives, views of memory, plain objects and arrays, few of them and each there once:
 * then nobody has to keep a table of what was met to write it.
 */
export function isSmallTree(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return typeof value !== 'function'
  const answer = isNewPart(value)
  // What was met may be collected.
  while (count > 0) met[--count] = undefined
  return answer
}

function isNewPart(part: object): boolean {
  for (let i = 0; i < count; i++) if (met[i] === part) return false
  if (count === OBJECTS_MAX) return false
  met[count++] = part
  // The name is read as the packer reads it: a class, or an object without a prototype, is another matter.
  const { constructor } = part
  if (constructor === Object) {
    for (const key in part) {
      const value = (part as Record<string, unknown>)[key]
      if (typeof value === 'object' ? value !== null && !isNewPart(value) : typeof value === 'function') return false
    }
    return true
  }
  if (constructor === Array) {
    for (const value of part as unknown[]) {
      if (typeof value === 'object' ? value !== null && !isNewPart(value) : typeof value === 'function') return false
    }
    return true
  }
  return ArrayBuffer.isView(part)
}
