/** Floats of 16 bits, which JavaScript has no array of before Node.js 24. */

const FLOAT = new Float32Array(1)
const BITS = new Uint32Array(FLOAT.buffer)

/** The bits of the numbers, each rounded to 16 bits: to the nearest, and from the middle to the even one. */
export function halfBits(numbers: Float32Array | Float64Array): Uint16Array {
  const halves = new Uint16Array(numbers.length)
  for (let i = 0; i < numbers.length; i++) halves[i] = bitsOf(numbers[i]!)
  return halves
}

function bitsOf(value: number): number {
  FLOAT[0] = value
  const bits = BITS[0]!
  const sign = (bits >>> 16) & 0x8000
  if (Number.isNaN(value)) return sign | 0x7e00
  const size = Math.abs(value)
  // Half way to what would follow the largest.
  if (size >= 65_520) return sign | 0x7c00
  // Below 2^-14, halves are multiples of 2^-24.
  if (size < 2 ** -14) return sign | roundToEven(size * 2 ** 24)
  const exponent = Math.floor(Math.log2(size))
  return sign | halfOf(size, exponent)
}

function halfOf(size: number, exponent: number): number {
  // The logarithm of a number just below a power of two may be rounded to it.
  const power = size < 2 ** exponent ? exponent - 1 : exponent
  // Rounded up to the next power of two, the fraction runs over into the exponent: as it should.
  return ((power + 15) << 10) + roundToEven((size / 2 ** power - 1) * 1024)
}

function roundToEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor
}
