/** The base of Python's types that are written as a text, which they keep as Python prints it. */
export abstract class PythonText {
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
