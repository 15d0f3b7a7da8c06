// Changes of an input, at random: those that make sense for any bytes, and those that a format adds.

/** A number from 0 on, below `below`. */
export type Random = (below: number) => number

/** A change of `bytes`, at the place `at`. */
export type Change = (bytes: Buffer, at: number, corpus: readonly Buffer[]) => Buffer

export interface Format {
  /** The longest input, in bytes. */
  readonly longest: number
  /** A byte that means something in the format. */
  token(): number
  /** Changes that only make sense in the format. */
  readonly changes: readonly Change[]
}

/** A small generator of its own, so that `--seed` repeats a run. */
export function generator(seed: number): Random {
  let state = seed >>> 0 || 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

/** An input of the corpus, changed a few times. */
export function mutated(corpus: readonly Buffer[], random: Random, format: Format): Buffer {
  const changes = [...anyBytes(random, format), ...format.changes]
  let bytes: Buffer = Buffer.from(corpus[random(corpus.length)]!)
  for (let left = 1 + random(random(4) === 0 ? 8 : 2); left > 0; left--) {
    const change = changes[random(changes.length)]!
    bytes = Buffer.from(change(bytes, random(bytes.length + 1), corpus)).subarray(0, format.longest)
  }
  return bytes
}

function anyBytes(random: Random, { token }: Format): Change[] {
  const end = (bytes: Buffer, at: number): number => Math.min(bytes.length, at + 1 + random(16))
  const put = (bytes: Buffer, at: number, byte: number): Buffer => {
    if (at < bytes.length) bytes[at] = byte
    return bytes
  }
  return [
    (bytes, at) => put(bytes, at, (bytes[at] ?? 0) ^ (1 << random(8))),
    (bytes, at) => put(bytes, at, random(256)),
    (bytes, at) => put(bytes, at, token()),
    (bytes, at) => Buffer.concat([bytes.subarray(0, at), Buffer.of(token()), bytes.subarray(at)]),
    (bytes, at) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(end(bytes, at))]),
    (bytes, at) => {
      const to = end(bytes, at)
      const again = Array.from({ length: 1 + random(8) }, () => bytes.subarray(at, to))
      return Buffer.concat([bytes.subarray(0, to), ...again, bytes.subarray(to)])
    },
    (bytes, at, corpus) => {
      const other = corpus[random(corpus.length)]!
      const from = random(other.length + 1)
      return Buffer.concat([bytes.subarray(0, at), other.subarray(from, from + random(64)), bytes.subarray(at)])
    },
    (bytes, at) => bytes.subarray(0, at),
  ]
}
