/** The first pause, and the longest, in milliseconds. */
const PAUSE_MIN = 1
const PAUSE_MAX = 100

/** Attempts to reach a listener that isn't there yet. */
export class Retry {
  readonly #wanted: boolean
  #pause = PAUSE_MIN
  /** Why the last attempt failed. */
  last: unknown

  constructor(wanted: boolean) {
    this.#wanted = wanted
  }

  /** Milliseconds until the next attempt, after one that failed with `error`; throws `error` if retrying is pointless. */
  after(error: unknown): number {
    const { code } = error as { code?: unknown }
    // There is no socket file, or nothing listens on it: the listener may still be starting.
    if (!this.#wanted || (code !== 'ENOENT' && code !== 'ECONNREFUSED')) throw error
    this.last = error
    const pause = this.#pause
    this.#pause = Math.min(pause * 2, PAUSE_MAX)
    return pause
  }
}
