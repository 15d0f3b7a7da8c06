import { PythonText } from './text.js'

/**
 * Python's `uuid.UUID`.
 *
 * @example
 * ```ts
 * import { pickle, PythonUUID } from 'carom/python'
 *
 * const id = new PythonUUID('12345678123456781234567812345678')
 * console.log(`${pickle().decode(pickle().encode(id))}`) // 12345678-1234-5678-1234-567812345678
 * ```
 */
export class PythonUUID extends PythonText {
  declare private readonly type: 'uuid.UUID'

  /** @param text - 32 hexadecimal digits, with hyphens or without. */
  constructor(text: string) {
    const digits = String(text).replaceAll('-', '').toLowerCase()
    if (!/^[\da-f]{32}$/.test(digits)) throw new TypeError(`'${String(text).slice(0, 40)}' is not a UUID`)
    super(digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'))
  }
}
