const UNITS = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20 }

/** The sizes over which a curve goes, in bytes. */
export const SIZES: readonly number[] = [
  '1 B',
  '64 B',
  '1 KiB',
  '16 KiB',
  '64 KiB',
  '256 KiB',
  '1 MiB',
  '4 MiB',
  '16 MiB',
  '64 MiB',
].map(sizeNamed)

/** `65536` for `64 KiB`. */
export function sizeNamed(name: string): number {
  const [, count, unit] = /^(\d+) (B|KiB|MiB)$/.exec(name) ?? []
  if (!unit) throw new RangeError(`${JSON.stringify(name)} is no size: it is a number of B, KiB or MiB`)
  return Number(count) * UNITS[unit as keyof typeof UNITS]
}

/** `64 KiB` for `65536`. */
export function nameOf(size: number): string {
  const unit = size < UNITS.KiB ? 'B' : size < UNITS.MiB ? 'KiB' : 'MiB'
  return `${size / UNITS[unit]} ${unit}`
}
