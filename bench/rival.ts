import type { ChildProcess } from 'node:child_process'
import type { Worker } from 'node:worker_threads'

import type { Tally } from './tally.ts'

/** How to start the far process, which calls the same rival's `join`. */
export interface FarProgram {
  file: string
  args: readonly string[]
}

/**
 * One of the ways for two processes to talk that the benchmark compares. Each is written as a programmer who knows it well would
 * write it, loops included, so that none pays for an abstraction that its users would not have.
 */
export interface Rival {
  /** In the measuring process: starts the far process and returns the end that is connected to it. */
  open(far: FarProgram): Promise<{ end: End; child: ChildProcess | Worker }>
  /** In the far process: the other end. `args` are those that `open` added to the program's own. */
  join(args: readonly string[]): Promise<End>
}

/** One end. The measuring process calls the first method of each pair, the far process the second. */
export interface End {
  /** Sends `payload` and waits until it is back, again and again, while `again`, asked after each, says so. */
  ping(payload: Uint8Array, again: () => boolean): Promise<void> | void
  /** Sends every message back, until the other end closes. */
  echo(): Promise<void> | void

  /** As `ping`, with an object that `make` makes anew for each round. */
  pingObjects(make: () => object, again: () => boolean): Promise<void> | void
  echoObjects(): Promise<void> | void

  /**
   * Sends `opening`, then `payload` `count` times, and returns the answer. With `pace`, that is awaited before each payload,
   * which then leaves at once.
   */
  sendBytes(opening: Uint8Array, payload: Uint8Array, count: number, pace?: Pace): Promise<Uint8Array> | Uint8Array
  /** Hands every message to `tally` and sends its answers, until the other end closes. */
  receiveBytes(tally: Tally<Uint8Array>): Promise<void> | void

  /** Sends `opening`, then `make(0)`, `make(1)`, … `make(count - 1)`, and returns the answer. */
  sendObjects(opening: object, make: (index: number) => object, count: number): Promise<object> | object
  /** Hands every message to `tally` and sends its answers, until the other end closes. */
  receiveObjects(tally: Tally<object>): Promise<void> | void

  /** Ends the connection, which ends the far process. */
  close(): Promise<void> | void
}

/** Resolves when it is time for the next message. */
export type Pace = () => Promise<unknown>
