/** Notes for how long the event loop stands still: what else would have run in that time. */
export class Stall {
  #longest = 0
  #last = performance.now()
  readonly #timer: NodeJS.Timeout

  constructor() {
    this.#timer = setInterval(() => {
      const now = performance.now()
      this.#longest = Math.max(this.#longest, now - this.#last)
      this.#last = now
    }, 1)
  }

  /** The longest time between two turns, in milliseconds. */
  end(): number {
    clearInterval(this.#timer)
    return this.#longest
  }
}
