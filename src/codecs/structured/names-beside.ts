import { inspect, type InspectOptions } from 'node:util'

import { isIndex } from './indexes.js'

/** Of a longer array, to list its elements takes longer than to have Node describe it without them: 0.5 µs. */
const LISTED = 64

/** The name of each element of an array that is listed. */
const INDEXES: readonly string[] = Array.from({ length: LISTED }, (_, n) => String(n))

const WITHOUT_ELEMENTS: InspectOptions = {
  maxArrayLength: 0,
  depth: 0,
  customInspect: false,
  breakLength: Infinity,
  maxStringLength: 0,
}

/** The names of the enumerable properties that an array has beside its elements. */
export function namesBeside(array: readonly unknown[], length: number): string[] | undefined {
  if (length > LISTED && isDescribed() && describesElementsOnly(array)) return undefined
  const names = Object.keys(array)
  // The language lists elements first.
  if (names.at(-1) === INDEXES[length - 1]) return undefined
  let { length: first } = names
  while (first > 0 && !isIndex(names[first - 1]!)) first--
  return first === names.length ? undefined : names.slice(first)
}

/** `[ ... 100 more items ]`, where there is nothing else. */
function describesElementsOnly(array: readonly unknown[]): boolean {
  try {
    return inspect(array, WITHOUT_ELEMENTS).endsWith(' more items ]')
  } catch {
    // A property of the program's, such as a tag, has thrown.
    return false
  }
}

let described: boolean | undefined

/** Whether this runtime describes arrays as is expected here. */
function isDescribed(): boolean {
  if (described === undefined) {
    const array = Array.from({ length: LISTED + 1 }, () => 0)
    described = describesElementsOnly(array) && !describesElementsOnly(Object.assign(array, { name: 0 }))
  }
  return described
}
