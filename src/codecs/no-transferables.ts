import { types } from 'node:util'

import { isSegment } from '../wire/segment.js'
import { isTransferable } from '../wire/transferable.js'
import { atPlace, entry, item, mapKey, member, PlacedError, placeOf, property } from './path.js'

/** An object of a value, and the way to it. */
interface Part {
  readonly value: object
  readonly step: string
  readonly around: Part | undefined
}

/**
 * Throws where an object is in a value that would go to another process as itself in a message of `'structured'`. Objects that only
 * a getter returns are not found.
 */
export function assertNoTransferables(root: unknown, codec: string): void {
  if (typeof root !== 'object' || root === null) return
  const met = new Set<object>([root])
  const left: Part[] = [{ value: root, step: '', around: undefined }]
  for (let part = left.pop(); part !== undefined; part = left.pop()) {
    const { value } = part
    if (isTransferable(value) || isSegment(value)) refuse(part, codec)
    const around = part
    addParts(value, (inner, step) => {
      if (typeof inner !== 'object' || inner === null || met.has(inner)) return
      met.add(inner)
      left.push({ value: inner, step: step(), around })
    })
  }
}

function addParts(value: object, add: (inner: unknown, step: () => string) => void): void {
  if (Array.isArray(value)) {
    const array: readonly unknown[] = value
    for (let n = 0; n < array.length; n++) if (typeof array[n] === 'object') add(array[n], () => item(n))
  } else if (types.isMap(value)) {
    let n = 0
    for (const [key, inner] of value) {
      const at = n++
      add(key, () => mapKey(at))
      add(inner, () => entry(key, at))
    }
  } else if (types.isSet(value)) {
    let n = 0
    for (const inner of value) {
      const at = n++
      add(inner, () => member(at))
    }
  } else if (!ArrayBuffer.isView(value) && !types.isProxy(value)) {
    for (const name of Object.keys(value)) {
      // A getter runs once a message: when its value is written.
      const described = Object.getOwnPropertyDescriptor(value, name)
      if (described !== undefined && 'value' in described) add(described.value, () => property(name))
    }
  }
}

function refuse(part: Part, codec: string): never {
  const steps: string[] = []
  for (let each: Part | undefined = part; each !== undefined; each = each.around) steps.push(each.step)
  const what = `a ${part.value.constructor.name} can't go in a message of the codec '${codec}': use 'structured' at both ends`
  throw new PlacedError(atPlace(placeOf(steps.toReversed()), what))
}
