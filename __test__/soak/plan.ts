// The traffic of a connection, decided by a seed that both ends know, so that each message is checked against the one to come.

import { seeded } from '../random.ts'

export const LARGEST = 4 * 1024 * 1024

/** How a connection ends. */
export type Finish =
  /** Both ends send and receive everything, then close. */
  | 'complete'
  /** The first end closes when it has sent everything, whatever it has not received. */
  | 'early'

export type Transport = 'pipe' | 'ring' | 'unix' | 'unix-authenticated' | 'tcp'

export interface Plan {
  seed: number
  transport: Transport
  finish: Finish
  /** How many messages each end sends. */
  counts: [first: number, second: number]
  /** How often a receive is aborted and begun again. */
  aborts: number
  highWaterMark: number
}

export function plan(seed: number): Plan {
  const next = seeded(seed)
  // Shared memory is Linux's.
  const rings: Transport[] = process.platform === 'linux' ? ['ring'] : []
  const transports: Transport[] = ['pipe', 'unix', 'unix-authenticated', 'tcp', ...rings]
  const count = (): number => Math.floor(next() * 60)
  return {
    seed,
    transport: transports[Math.floor(next() * transports.length)]!,
    finish: next() < 0.7 ? 'complete' : 'early',
    counts: [count(), count()],
    aborts: next() < 0.5 ? 0 : next() * 0.3,
    highWaterMark: next() < 0.3 ? 1 : 256 * 1024,
  }
}

/** Random bytes of which every message is a part. */
const pool = Buffer.allocUnsafeSlow(LARGEST + 65_536)
const fill = seeded(1)
for (let at = 0; at < pool.length; at += 4) pool.writeUInt32LE(Math.floor(fill() * 2 ** 32), at)

/** The messages of one end, in order: sizes from 0 bytes to 4 MiB, each power of two as often as the next. */
export function* messages({ seed, counts }: Plan, end: 0 | 1): Generator<Buffer> {
  const next = seeded(seed * 2 + end)
  for (let n = 0; n < counts[end]; n++) {
    const size = Math.floor(2 ** (next() * Math.log2(LARGEST + 1))) - 1
    const offset = Math.floor(next() * 65_536)
    yield pool.subarray(offset, offset + size)
  }
}
