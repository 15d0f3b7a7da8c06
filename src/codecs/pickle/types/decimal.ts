import { PythonText } from './text.js'

const DECIMAL = /^[+-]?((\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?|inf(inity)?|s?nan\d*)$/i

/**
 * Python's `decimal.Decimal`: a decimal number of any precision.
 *
 * @example
 * ```ts
 * import { pickle, PythonDecimal } from 'carom/python'
 *
 * console.log(`${pickle().decode(pickle().encode(new PythonDecimal('0.10')))}`) // 0.10
 * ```
 */
export class PythonDecimal extends PythonText {
  declare private readonly type: 'decimal.Decimal'

  constructor(text: string) {
    if (!DECIMAL.test(text)) throw new TypeError(`'${String(text).slice(0, 40)}' is not a decimal number`)
    super(text)
  }
}
