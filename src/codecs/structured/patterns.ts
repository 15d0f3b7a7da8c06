/**
 * The cost that a message may cause the engine's parser of regular expressions, which for some parts of a pattern goes through all of
 * Unicode: 7 ms for `\p{RGI_Emoji}`, up to 0.2 ms for other properties, 10 µs for `\w` where case is ignored.
 */
const COST_MAX = 400

/** Of a property in a pattern with the flag `v`, which may stand for sequences of characters. */
const COST_OF_SEQUENCES = 8

export const TOO_COSTLY = 'the regular expressions name more sets of Unicode characters than can be read in time'

/** Returns `before` plus the cost of this pattern. */
export function patternCost(before: number, source: string, flags: string): number {
  if (!/[uv]/.test(flags)) return before
  const sets = source.match(/\\[pPwWbB]/g)?.length ?? 0
  return before + sets * (flags.includes('v') ? COST_OF_SEQUENCES : 1)
}

export function isTooCostly(cost: number): boolean {
  return cost > COST_MAX
}
