/**
 * Python's `fractions.Fraction`, in lowest terms, its denominator positive.
 *
 * @example
 * ```ts
 * import { pickle, PythonFraction } from 'carom/python'
 *
 * const { numerator, denominator } = pickle().decode(pickle().encode(new PythonFraction(2, 4))) as PythonFraction
 * console.log(numerator, denominator, `${new PythonFraction(2, 4)}`) // 1n 2n 1/2
 * ```
 */
export class PythonFraction {
  /** The number above the line. */
  readonly numerator: bigint
  /** The number below the line, which is positive. */
  readonly denominator: bigint

  /** Whole numbers; it takes the lowest terms of them. */
  constructor(numerator: number | bigint, denominator: number | bigint = 1n) {
    const [above, below] = [whole(numerator), whole(denominator)]
    if (below === 0n) throw new RangeError(`the denominator of a fraction can't be 0`)
    const common = greatestCommonDivisor(above, below) * (below < 0n ? -1n : 1n)
    this.numerator = above / common
    this.denominator = below / common
  }

  /** The nearest number. */
  valueOf(): number {
    return quotient(this.numerator, this.denominator)
  }

  /** As Python's `str()` gives it: `1/2`. */
  toString(): string {
    return this.denominator === 1n ? String(this.numerator) : `${this.numerator}/${this.denominator}`
  }

  toJSON(): string {
    return this.toString()
  }
}

/**
 * The fraction of two integers as they are: Python sends them in lowest terms, and to find those of long integers would take a
 * time that a peer's few bytes don't account for.
 */
export function fractionOf(numerator: bigint, denominator: bigint): PythonFraction {
  if (denominator <= 0n) throw new RangeError('the denominator of a fraction must be positive')
  return Object.assign(Object.create(PythonFraction.prototype) as PythonFraction, { numerator, denominator })
}

function whole(value: number | bigint): bigint {
  if (typeof value === 'bigint') return value
  if (!Number.isSafeInteger(value)) throw new TypeError(`${String(value)} is not a whole number that is exact`)
  return BigInt(value)
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b]
  while (y !== 0n) [x, y] = [y, x % y]
  return x
}

/** Numbers hold 53 bits: of larger integers, 64 bits of the quotient are enough. */
function quotient(above: bigint, below: bigint): number {
  const [a, b] = [Number(above), Number(below)]
  if (Number.isFinite(a) && Number.isFinite(b)) return a / b
  const shift = bits(below) - bits(above) + 64n
  const scaled = shift > 0n ? (above << shift) / below : above / (below << -shift)
  return Number(scaled) * 2 ** Number(-shift)
}

function bits(value: bigint): bigint {
  return BigInt(value.toString(16).length * 4)
}
