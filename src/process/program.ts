import type { Transferable } from '../wire/transferable.js'

/** The messages that tell a child its work, and the objects whose descriptors go along. */
export interface Told {
  /** Before the start: the code of a child that has none of its own. */
  code: readonly Uint8Array[]
  /** The arguments of the target. */
  args: Uint8Array
  transferList: readonly Transferable[]
}

/** The program of a child. */
export interface Program {
  /** The program to start, and its arguments. */
  readonly command: string
  readonly argv: readonly string[]
  /** Why a child may have exited with 0 before it imported the module. */
  readonly endsEarly: string
  /** The child's environment, where it differs from the caller's `env`. */
  environment?(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv | undefined
  /** The codec of a connection over which the child's functions are called. */
  readonly codec: 'pickle' | undefined
  /** Encodes the arguments of the target, of which the first descriptor is the child's number `descriptor`. */
  tell(args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>, descriptor: number): Told
}
