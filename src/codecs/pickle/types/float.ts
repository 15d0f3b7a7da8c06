import { floatText } from './float-text.js'

/**
 * A number that is a `float` in Python although it is whole: `new PythonFloat(1)` is `1.0`, where `1` is an `int`. What Python
 * sends back is a `number`.
 *
 * @example
 * ```ts
 * import { pickle, PythonFloat } from 'carom/python'
 *
 * const one = new PythonFloat(1) // 1.0 in Python, where 1 is an int
 * console.log(`${one}`, one.value, pickle().decode(pickle().encode(one))) // 1.0 1 1
 * ```
 */
export class PythonFloat {
  /** The number. */
  readonly value: number

  constructor(value: number) {
    if (typeof value !== 'number') throw new TypeError(`a float must be a number, not a ${typeof value}`)
    this.value = value
  }

  valueOf(): number {
    return this.value
  }

  /** As Python's `str()` gives it: `1.0`. */
  toString(): string {
    return floatText(this.value)
  }

  toJSON(): number {
    return this.value
  }
}
