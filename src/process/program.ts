import type { Transferable } from '../wire/transferable.js'

/** What a child is told to do, in messages, and what goes along as its descriptors. */
export interface Told {
  /** Before the start: the code of a child that has none of its own. */
  code: readonly Uint8Array[]
  /** The arguments of the target. */
  args: Uint8Array
  transferList: readonly Transferable[]
}

/** What a child runs. */
export interface Program {
  /** The program to start, and its arguments. */
  readonly command: string
  readonly argv: readonly string[]
  /** The codec of a connection over which the child's functions are called. */
  readonly codec: 'pickle' | undefined
  /** Encodes the arguments of the target, of which the first descriptor is the child's number `descriptor`. */
  tell(args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>, descriptor: number): Told
}
