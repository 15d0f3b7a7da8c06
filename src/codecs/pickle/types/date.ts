import { isDate } from './clock.js'
import { PythonText } from './text.js'

/**
 * Python's `datetime.date`: a day of the calendar, anywhere.
 *
 * @example
 * ```ts
 * import { pickle, PythonDate } from 'carom/python'
 *
 * console.log(`${pickle().decode(pickle().encode(new PythonDate('2026-01-02')))}`) // 2026-01-02
 * ```
 */
export class PythonDate extends PythonText {
  declare private readonly type: 'datetime.date'

  /** @param text - `YYYY-MM-DD`, from year 1 to 9999. */
  constructor(text: string) {
    if (!isDate(text)) {
      throw new TypeError(`'${String(text).slice(0, 40)}' is not a date from 0001-01-01 to 9999-12-31`)
    }
    super(text)
  }
}
