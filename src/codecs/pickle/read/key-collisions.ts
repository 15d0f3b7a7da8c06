/**
 * Keys that a peer chose so that they collide. V8 hashes numbers without a secret, and of a bigint its lowest 64 bits only: a
 * message of 200 KB could hold a set that takes minutes to fill. Texts are hashed with a secret, and objects by chance.
 *
 * The hash here is V8's own. Where an engine has another, it finds no collisions, and refuses nothing.
 */

/** Smaller containers are filled soon enough, whatever is in them. */
const MANY = 1000
/** So many keys may share a place. By chance, a few do. */
const MOST_SHARED = 1000
/** Keys for each place, at most. */
const LOAD = 4

const watched = new WeakMap<object, Watch>()

/** Counts the keys of a container that share a place. */
class Watch {
  readonly #container: ReadonlySet<unknown> | ReadonlyMap<unknown, unknown>
  #counts: Uint16Array
  #size: number

  constructor(container: ReadonlySet<unknown> | ReadonlyMap<unknown, unknown>) {
    this.#container = container
    this.#counts = new Uint16Array(MANY)
    this.#size = 0
    this.#recount()
  }

  /** Counts a key that was added, if it was not there yet. */
  added(key: unknown): void {
    const { size } = this.#container
    if (size === this.#size) return
    this.#size = size
    if (typeof key !== 'number' && typeof key !== 'bigint') return
    if (size > this.#counts.length * LOAD) this.#recount()
    else this.#count(key)
  }

  #recount(): void {
    this.#size = this.#container.size
    this.#counts = new Uint16Array(2 ** Math.ceil(Math.log2(this.#size + MANY)))
    for (const key of this.#container.keys()) if (typeof key === 'number' || typeof key === 'bigint') this.#count(key)
  }

  #count(key: number | bigint): void {
    const place = (typeof key === 'number' ? numberHash(key) : bigintHash(key)) & (this.#counts.length - 1)
    if (++this.#counts[place]! > MOST_SHARED) {
      throw new Error(
        `a set or dict has more than ${MOST_SHARED} numbers that JavaScript's hash can't tell apart: integers of which the lowest 64 bits are the same, for example`,
      )
    }
  }
}

/** A counter of the keys of a container that gets so many more; none for a small one. */
export function watchKeys(
  container: ReadonlySet<unknown> | ReadonlyMap<unknown, unknown>,
  more: number,
): Watch | undefined {
  if (container.size + more < MANY) return undefined
  let watch = watched.get(container)
  if (!watch) watched.set(container, (watch = new Watch(container)))
  return watch
}

const scratch = new DataView(new ArrayBuffer(8))

function numberHash(key: number): number {
  if ((key | 0) === key) return integerHash(key)
  scratch.setFloat64(0, key)
  return longHash(scratch.getUint32(0), scratch.getUint32(4))
}

function bigintHash(key: bigint): number {
  scratch.setBigUint64(0, key < 0n ? -key : key)
  return longHash(scratch.getUint32(0), scratch.getUint32(4))
}

/** V8's `ComputeUnseededHash`. */
function integerHash(key: number): number {
  let hash = (~key + (key << 15)) | 0
  hash ^= hash >>> 12
  hash = (hash + (hash << 2)) | 0
  hash ^= hash >>> 4
  hash = Math.imul(hash, 2057)
  return hash ^ (hash >>> 16)
}

/** V8's `ComputeLongHash`, of a number of 64 bits in two halves. */
function longHash(high: number, low: number): number {
  let sum = (~low >>> 0) + ((low << 18) >>> 0)
  let h = (~high + ((high << 18) | (low >>> 14)) + (sum > 0xffffffff ? 1 : 0)) >>> 0
  let l = sum >>> 0
  l = (l ^ ((h << 1) | (l >>> 31))) >>> 0
  h = (h ^ (h >>> 31)) >>> 0
  const product = l * 21
  h = (Math.imul(h, 21) + Math.floor(product / 2 ** 32)) >>> 0
  l = product >>> 0
  l = (l ^ ((h << 21) | (l >>> 11))) >>> 0
  h = (h ^ (h >>> 11)) >>> 0
  sum = l + ((l << 6) >>> 0)
  h = (h + ((h << 6) | (l >>> 26)) + (sum > 0xffffffff ? 1 : 0)) >>> 0
  l = sum >>> 0
  return l ^ ((h << 10) | (l >>> 22))
}
