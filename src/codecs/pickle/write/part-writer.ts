import type { Global } from './globals.js'
import type { PickleSettings } from '../options.js'
import type { Output } from './output.js'

/** A writer, as the functions see it that write one kind of object each. */
export interface PartWriter extends Output {
  readonly settings: PickleSettings
  /** Whether the pickle names shared memory, which no other machine knows. */
  localOnly: boolean
  /** Whether that is refused, so that its place becomes known. */
  readonly anywhere: boolean
  /** Writes a value; `frozen`: as a hashable one, for the key of a dict or the member of a set. */
  write(value: unknown, frozen: boolean): void
  /** Writes a part of something, to which `step` leads. */
  writePart(value: unknown, step: string): void
  /** Lets the reader's memo have the value that has just been written. */
  memoize(value: unknown): void
  /** A tuple of these items, which nothing refers to. */
  tuple(items: readonly unknown[]): void
  /** The arguments of a call in Python: the property `args` of the object that stands for its result here. */
  arguments(args: readonly unknown[]): void
  /** The own, enumerable properties of an object. */
  dict(object: Record<string, unknown>): void
  /** A class or function of Python's. */
  global(global: Global): void
  /** A class or function that the program names. */
  globalOf(module: string, name: string): void
  /** Refers to what is known in this pickle under `key`; whether there is such. */
  recall(key: unknown): boolean
  /** Makes what has just been written known under `key`. */
  remember(key: unknown): void
}
