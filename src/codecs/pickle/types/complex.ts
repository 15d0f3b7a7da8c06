import { floatText } from './float-text.js'

/** Python's `complex`. */
export class PythonComplex {
  readonly real: number
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
