import { type Input, Malformed } from './input.js'

/** A bigint of any size. */
export function readBigint(input: Input): bigint {
  const negative = input.byte()
  const size = input.count()
  const at = input.skip(size)
  if (size === 0 || negative > 1) throw new Malformed('a bigint in the message is malformed')
  const magnitude = BigInt(`0x${input.bytes.hexSlice(at, at + size)}`)
  return negative === 1 ? -magnitude : magnitude
}
