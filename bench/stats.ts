/** The middle value: half of `values` are below it. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? at(sorted, middle) : (at(sorted, middle - 1) + at(sorted, middle)) / 2
}

/** The value that `part` (0 to 1) of the ascending `sorted` are not above, by the nearest rank. */
export function quantile(sorted: ArrayLike<number>, part: number): number {
  return at(sorted, Math.round((sorted.length - 1) * part))
}

/** A figure over the rounds. */
export interface Spread {
  median: number
  min: number
  max: number
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) }
}

function at(values: ArrayLike<number>, index: number): number {
  const value = values[index]
  if (value === undefined) throw new RangeError('no values')
  return value
}
