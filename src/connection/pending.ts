import type { Receive } from './receive.js'

/** A receive that waits for its message. */
export class Pending {
  readonly how: Receive
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  /** Removes what listens for its being aborted. */
  settled: (() => void) | undefined

  constructor(how: Receive, resolve: (value: unknown) => void, reject: (error: unknown) => void) {
    this.how = how
    this.resolve = resolve
    this.reject = reject
    this.settled = undefined
  }
}
