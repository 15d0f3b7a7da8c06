import { floatText } from './float-text.js'

/**
 * Python's `complex`.
 *
 * @example
 * ```ts
 * import { pickle, PythonComplex } from 'carom/python'
 *
 * const { real, imag } = pickle().decode(pickle().encode(new PythonComplex(1, 2))) as PythonComplex
 * console.log(real, imag, `${new PythonComplex(real, imag)}`) // 1 2 (1+2j)
 * ```
 */
export class PythonComplex {
  /** The real part. */
  readonly real: number
  /** The imaginary part. */
  readonly imag: number

  constructor(real: number, imag = 0) {
    if (typeof real !== 'number' || typeof imag !== 'number') {
      throw new TypeError(`the parts of a complex must be numbers, not a ${typeof real} and a ${typeof imag}`)
    }
    this.real = real
    this.imag = imag
  }

  /** As Python's `str()` gives it: `(1+2j)`. */
  toString(): string {
    const imag = `${floatText(this.imag, '')}j`
    if (Object.is(this.real, 0)) return imag
    return `(${floatText(this.real, '')}${imag.startsWith('-') ? '' : '+'}${imag})`
  }

  toJSON(): string {
    return this.toString()
  }
}
