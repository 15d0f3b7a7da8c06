import type { ChildProcess } from 'node:child_process'

import type { Tally } from './tally.ts'

/** How to start the far process, which calls the same rival's `join`. */
export interface FarProgram {
  file: string
  args: readonly string[]
}

/**
 * What the benchmark compares: a way for two processes to talk. Each is written as somebody who knows it well would
 * write it, loops included, so that none pays for an abstraction that its users would not have.
 */
export interface Rival {
  /** In the measuring process: starts the far process and returns the end that is connected to it. */
  open(far: FarProgram): Promise<{ end: End; child: ChildProcess }>
  /** In the far process: the other end. `args` are those that `open` added to the program's own. */
  join(args: readonly string[]): Promise<End>
}

/** One end. The measuring process calls the first method of each pair, the far process the second. */
export interface End {
  /** Sends `payload` and waits until it is back, again and again, while `again`, asked after each, says so. */
  ping(payload: Uint8Array, again: () => boolean): Promise<void> | void
  /** Sends every message back, until the other end closes. */
  echo(): Promise<void> | void

  /** Sends `opening`, then `payload` `count` times, and waits for the answer. */
  sendBytes(opening: Uint8Array, payload: Uint8Array, count: number): Promise<void> | void
  /** Hands every message to `tally` and sends what it answers, until the other end closes. */
  receiveBytes(tally: Tally<Uint8Array>): Promise<void> | void

  /** Sends `opening`, then `make(0)`, `make(1)`, … `make(count - 1)`, and waits for the answer. */
  sendObjects(opening: object, make: (index: number) => object, count: number): Promise<void> | void
  /** Hands every message to `tally` and sends what it answers, until the other end closes. */
  receiveObjects(tally: Tally<object>): Promise<void> | void

  /** Ends the connection, which ends the far process. */
  close(): Promise<void> | void
}
