import { nearest } from './nearest.js'

/**
 * The options of a function, all of them: a name that is not here is refused, since an option that is ignored may be the one
 * that was to keep others out. The compiler compares each table with the options' type.
 */
export interface OptionNames<T extends object> {
  /** The function, as callers write it. */
  readonly owner: string
  readonly names: Readonly<Record<keyof T, true>>
}

/** The options of `owner`. */
export const owned = <T extends object>(owner: string, names: Record<keyof T, true>): OptionNames<T> => ({
  owner,
  names,
})

/** Why `name` is refused, and what the caller may have meant. */
export function unknownOption(name: string, { owner, names }: OptionNames<object>): string {
  if (name === 'timeout' && 'signal' in names) {
    const first = owner === 'poll' ? ', or the time as the first argument' : ''
    return `${owner} has no option 'timeout': give it { signal: AbortSignal.timeout(milliseconds) }${first}`
  }
  return `${owner} has no option '${name}'${nearest(name, Object.keys(names))}`
}
