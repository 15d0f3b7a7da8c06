/** `re.UNICODE`, which every pattern of text has. */
const UNICODE = 32

/**
 * Python's `re.Pattern`: a compiled regular expression. Its syntax is Python's, which is not quite that of `RegExp`: nothing
 * is translated.
 *
 * @example
 * ```ts
 * import { pickle, PythonPattern } from 'carom/python'
 *
 * const { pattern, flags } = pickle().decode(pickle().encode(new PythonPattern('a+'))) as PythonPattern
 * console.log(pattern, flags) // a+ 32
 * ```
 */
export class PythonPattern {
  /** Of text, or of `bytes`. */
  readonly pattern: string | Uint8Array
  /** The sum of `re.IGNORECASE`, 2, and its like. A pattern of text has `re.UNICODE`, 32, set. */
  readonly flags: number

  constructor(pattern: string | Uint8Array, flags: number = typeof pattern === 'string' ? UNICODE : 0) {
    if (typeof pattern !== 'string' && !(pattern instanceof Uint8Array)) {
      throw new TypeError(`a pattern must be a string or bytes, not a ${typeof pattern}`)
    }
    if (!Number.isInteger(flags) || flags < 0) throw new TypeError(`flags must be a whole number, not ${String(flags)}`)
    this.pattern = pattern
    this.flags = flags
  }
}
