// V8 hashes numbers, big integers and short whole numbers in text without a secret, so that a peer can choose keys of which a
// `Map` or a `Set` compares each with all the others: 16,000 of them, 80 KB, take a second. So they are counted by the hash
// that V8 computes (src/utils/utils.h, `ComputeUnseededHash` and `ComputeLongHash`; the same from Node.js 20 to 26).

/** A collection with fewer keys is read in time however they collide. */
const GUARDED = 256

/** How many of a collection's keys may have the same place in the engine's table: chance makes it less than 20. */
const ALIKE_MAX = 128

const float = new Float64Array(1)
const words = new Uint32Array(float.buffer)
const BIG = new BigUint64Array(float.buffer)

/** Counts the keys of a `Map` or a `Set` by their place in the engine's table. */
export class KeyHashes {
  readonly #counts: Uint8Array | undefined

  /** `size`: how many keys there will be. */
  constructor(size: number) {
    if (size > GUARDED) this.#counts = new Uint8Array(2 ** Math.floor(Math.log2(size)))
  }

  /** Whether `key` is one too many at its place. */
  add(key: unknown): boolean {
    const counts = this.#counts
    if (counts === undefined) return false
    const hash =
      typeof key === 'number' ? hashOfNumber(key) : typeof key === 'string' ? hashOfText(key) : hashOfBigint(key)
    return hash >= 0 && ++counts[hash & (counts.length - 1)]! > ALIKE_MAX
  }
}

export const TOO_ALIKE: string = `more than ${ALIKE_MAX} keys of a Map or a Set have the same hash in V8`

function hashOfNumber(key: number): number {
  if ((key | 0) !== key) {
    float[0] = key
    return hashOfWords()
  }
  let hash = (~key + (key << 15)) >>> 0
  hash = (hash ^ (hash >>> 12)) >>> 0
  hash = (hash + (hash << 2)) >>> 0
  hash = (hash ^ (hash >>> 4)) >>> 0
  hash = Math.imul(hash, 2057) >>> 0
  return (hash ^ (hash >>> 16)) & 0x3fffffff
}

function hashOfBigint(key: unknown): number {
  if (typeof key !== 'bigint') return -1
  BIG[0] = BigInt.asUintN(64, key < 0n ? -key : key)
  return hashOfWords()
}

/** A text that is a short index has its value for a hash; of all others the hash has a secret. */
function hashOfText(key: string): number {
  return key.length <= 7 && /^(?:0|[1-9]\d*)$/.test(key) ? Number(key) : -1
}

function hashOfWords(): number {
  let low = words[0]!
  let high = words[1]!
  // hash = ~hash + (hash << 18)
  let sum = (~low >>> 0) + ((low << 18) >>> 0)
  high = (~high + ((high << 18) | (low >>> 14)) + (sum > 0xffffffff ? 1 : 0)) >>> 0
  low = sum >>> 0
  // hash ^= hash >> 31
  low = (low ^ ((low >>> 31) | (high << 1))) >>> 0
  high = (high ^ (high >>> 31)) >>> 0
  // hash *= 21
  const product = low * 21
  high = (Math.imul(high, 21) + Math.floor(product / 2 ** 32)) >>> 0
  low = product >>> 0
  // hash ^= hash >> 11
  low = (low ^ ((low >>> 11) | (high << 21))) >>> 0
  high = (high ^ (high >>> 11)) >>> 0
  // hash += hash << 6
  sum = low + ((low << 6) >>> 0)
  high = (high + ((high << 6) | (low >>> 26)) + (sum > 0xffffffff ? 1 : 0)) >>> 0
  low = sum >>> 0
  // hash ^= hash >> 22
  return (low ^ ((low >>> 22) | (high << 10))) & 0x3fffffff
}
