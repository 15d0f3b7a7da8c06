/** The arguments of protocol 0, which are lines of text. */

const FLOAT = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i
const ESCAPED = /\\u([\da-fA-F]{4})|\\U([\da-fA-F]{8})/g
const PYTHON_2_ESCAPED = /\\(?:x([\da-fA-F]{2})|([0-7]{1,3})|([^]))/g
const PYTHON_2_ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\n': '',
}

export function parseFloat64(text: string): number {
  if (text === 'nan' || text === '-nan') return Number.NaN
  if (text === 'inf') return Infinity
  if (text === '-inf') return -Infinity
  if (!FLOAT.test(text)) throw new Error(`'${text.slice(0, 40)}' is not a float`)
  return Number(text)
}

/** Python's `raw-unicode-escape`: Latin-1, with escapes for everything beyond. */
export function unescapeText(text: string): string {
  if (!text.includes('\\')) return text
  return text.replaceAll(ESCAPED, (_, short: string | undefined, long: string | undefined) =>
    String.fromCodePoint(Number.parseInt((short ?? long)!, 16)),
  )
}

/** A `str` of Python 2, as its `repr`. */
export function unquote(text: string): string {
  const quote = text[0]
  if ((quote !== "'" && quote !== '"') || text.length < 2 || !text.endsWith(quote)) {
    throw new Error('a text of Python 2 is not in quotes')
  }
  return text
    .slice(1, -1)
    .replaceAll(PYTHON_2_ESCAPED, (_, hex: string | undefined, octal: string | undefined, letter: string) => {
      if (hex) return String.fromCharCode(Number.parseInt(hex, 16))
      if (octal) return String.fromCharCode(Number.parseInt(octal, 8))
      return Object.hasOwn(PYTHON_2_ESCAPES, letter) ? PYTHON_2_ESCAPES[letter]! : letter
    })
}
