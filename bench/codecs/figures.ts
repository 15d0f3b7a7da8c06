/** One process's measurements of a codec with a value. */
export interface Figures {
  /** Of the message, in bytes. */
  size: number
  /** Nanoseconds, one for each round. */
  encode: number[]
  decode: number[]
}

/** The rivals, by the names that they have in `measure.ts`. */
export const rivals = ['msgpackr', 'msgpackr, maps', 'JSON', 'V8']
