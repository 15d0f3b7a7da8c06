import { PythonText } from './text.js'

/** Python's `uuid.UUID`. */
export class PythonUUID extends PythonText {
  declare private readonly type: 'uuid.UUID'

  /** @param text - 32 hexadecimal digits, with hyphens or without. */
  constructor(text: string) {
    const digits = String(text).replaceAll('-', '').toLowerCase()
    if (!/^[\da-f]{32}$/.test(digits)) throw new TypeError(`'${String(text).slice(0, 40)}' is not a UUID`)
    super(digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'))
  }
}
