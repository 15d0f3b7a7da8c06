import type { Arrived } from '../../wire/arrived.js'
import type { Input } from './input.js'

/** What the functions that each read one kind of value need of the reader. */
export interface PartReader extends Input {
  /** The descriptors that came with the message. */
  readonly arrived: Arrived | undefined
  /** Whether the message is all that is in `bytes`. */
  readonly whole: boolean
  /** The cost of the message's regular expressions so far. */
  patternCost: number
  /** How many values of the innermost object or array are absent. */
  absent: number
  /** Numbers the object, if the message contains references. */
  number<T extends object>(object: T): T
  /** Goes one deeper, to `count` values. */
  enter(count: number): void
  leave(): void
  /** The next value, or what stands for none. */
  read(): unknown
  /** A value where there has to be one. */
  value(): unknown
  /** A text where there has to be one. */
  text(): string
}
