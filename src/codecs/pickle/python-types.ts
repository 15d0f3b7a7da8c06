/** Python's types that JavaScript has no equal of, and that a pickle carries: each keeps its text, as Python prints it. */
abstract class PythonText {
  /** As Python's `str()` gives it. */
  readonly text: string

  constructor(text: string) {
    if (typeof text !== 'string') throw new TypeError(`the text must be a string, not ${typeof text}`)
    this.text = text
  }

  toString(): string {
    return this.text
  }

  toJSON(): string {
    return this.text
  }
}

const DECIMAL = /^[+-]?((\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?|inf(inity)?|s?nan\d*)$/i

/** Python's `decimal.Decimal`: a decimal number of any precision. */
export class PythonDecimal extends PythonText {
  declare private readonly type: 'decimal.Decimal'

  constructor(text: string) {
    if (!DECIMAL.test(text)) throw new TypeError(`'${text}' is not a decimal number`)
    super(text)
  }
}

/** Python's `uuid.UUID`. */
export class PythonUUID extends PythonText {
  declare private readonly type: 'uuid.UUID'

  /** @param text - 32 hexadecimal digits, with hyphens or without. */
  constructor(text: string) {
    const digits = String(text).replaceAll('-', '').toLowerCase()
    if (!/^[\da-f]{32}$/.test(digits)) throw new TypeError(`'${text}' is not a UUID`)
    super(digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'))
  }
}

/** Python's `datetime.date`: a day of the calendar, anywhere. */
export class PythonDate extends PythonText {
  declare private readonly type: 'datetime.date'

  /** @param text - `YYYY-MM-DD`, from year 1 to 9999. */
  constructor(text: string) {
    const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00Z`) : Number.NaN
    if (Number.isNaN(time) || text.startsWith('0000') || new Date(time).toISOString().slice(0, 10) !== text) {
      throw new TypeError(`'${text}' is not a date from 0001-01-01 to 9999-12-31`)
    }
    super(text)
  }
}

/** The classes of `pathlib`. `Path` becomes the receiver's own: a `PosixPath`, or a `WindowsPath`. */
export type PythonPathClass = 'Path' | 'PosixPath' | 'WindowsPath' | 'PurePath' | 'PurePosixPath' | 'PureWindowsPath'

/** One of Python's `pathlib` paths. */
export class PythonPath extends PythonText {
  /** The class in `pathlib`. */
  readonly kind: PythonPathClass

  constructor(text: string, kind: PythonPathClass = 'Path') {
    super(text)
    this.kind = kind
  }
}

/** An exception of Python's. `name` is its class, `message` what Python prints. */
export class PythonError extends Error {
  /** What the exception was made with. */
  readonly args: unknown[]
  /** What was set on it later, such as the notes of `add_note`. */
  attributes?: Record<string, unknown>

  constructor(name: string, args: unknown[], message: string) {
    super(message)
    this.name = name
    this.args = args
  }
}
