// Random numbers that a seed repeats: `CAROM_SEED` sets it.

import type { ExecutionContext } from 'ava'

export const SEED: number = Number(process.env['CAROM_SEED'] ?? 20_260_101)

/** Numbers from 0 to 1, by Mulberry32: the same for the same seed, everywhere. The test's log says which seed. */
export function random(t: ExecutionContext): () => number {
  t.log(`seed ${SEED}`)
  return seeded(SEED)
}

export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
