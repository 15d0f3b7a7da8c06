/**
 * Python's `tuple`: an `Array` that is written as a tuple, and what `pickle({ tuples: true })` reads a tuple as.
 *
 * Make one by `PythonTuple.of(1, 2)` or `PythonTuple.from(items)`. What `slice`, `map`, `filter` and the like make of it are
 * plain arrays. As with any `Array`, `new PythonTuple(3)` has three holes.
 *
 * @example
 * ```ts
 * import { pickle, PythonTuple } from 'carom/python'
 *
 * const codec = pickle({ tuples: true })
 * const read = codec.decode(codec.encode([PythonTuple.of(1, 2), PythonTuple.from('ab')]))
 * console.log(read) // [ PythonTuple(2) [ 1, 2 ], PythonTuple(2) [ 'a', 'b' ] ]
 * ```
 */
export class PythonTuple<T = unknown> extends Array<T> {
  declare private readonly type: 'tuple'

  static override get [Symbol.species](): ArrayConstructor {
    return Array
  }

  /** A tuple of these items. */
  static override of<T>(...items: T[]): PythonTuple<T> {
    return super.of(...items) as PythonTuple<T>
  }

  /** A tuple of the items of an iterable, or of what `map` makes of them. */
  static override from<T>(items: Iterable<T> | ArrayLike<T>): PythonTuple<T>
  static override from<T, U>(items: Iterable<T> | ArrayLike<T>, map: (item: T, index: number) => U): PythonTuple<U>
  static override from<T, U>(
    items: Iterable<T> | ArrayLike<T>,
    map?: (item: T, index: number) => U,
  ): PythonTuple<T | U> {
    return (map ? super.from(items, map) : super.from(items)) as PythonTuple<T | U>
  }
}
