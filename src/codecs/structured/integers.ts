import { ALIKE_MAX } from './format.js'

/**
 * Counts big integers that agree in their lowest 64 bits. V8 hashes nothing else of a big integer, so a `Map` or a `Set`
 * compares each of them with all the others.
 */
export class AlikeCount {
  #counts: Map<string, number> | undefined

  /** Whether `value` is one too many. */
  add(value: bigint): boolean {
    if (BigInt.asIntN(64, value) === value) return false
    const low = BigInt.asUintN(64, value)
    const counts = (this.#counts ??= new Map<string, number>())
    // As text, which the engine hashes with a secret.
    const key = low.toString(36)
    const count = (counts.get(key) ?? 0) + 1
    counts.set(key, count)
    return count > ALIKE_MAX
  }
}
