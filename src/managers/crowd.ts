import { setTimeout } from '../event-loop/timers.js'

/**
 * How many calls go at once as long as they are quick. A Python server has a thread for each: with many, they spend their time
 * handing the interpreter's lock to each other. Four at once were twice as many calls a second as one, and four times as many as 64.
 */
const QUICK_MAX = 4
/** How long a call waits for room among them, in milliseconds, unless others go on. */
const PATIENCE = 2

/** A call that goes. */
export type Turn = object

/**
 * Lets few calls go at once as long as they are quick. One that takes longer, such as a queue's `get`, does not count, so that calls
 * which wait for each other all go.
 */
export class Crowd {
  /** The calls that go, but for those that have turned out not to be quick. */
  readonly #quick = new Set<Turn>()
  readonly #waiting: ((turn: Turn) => void)[] = []
  /** The calls that have gone since before the timer was set; `undefined` where none is set. */
  #watched: Set<Turn> | undefined
  /** Whether a call has ended since then. */
  #moves = false

  /** Waits until there is room. The caller gives the turn back by `leave`. */
  enter(): Turn | Promise<Turn> {
    if (this.#quick.size < QUICK_MAX && this.#waiting.length === 0) return this.#turn()
    return new Promise((go) => {
      this.#waiting.push(go)
      this.#watch()
    })
  }

  leave(turn: Turn): void {
    this.#moves = true
    this.#quick.delete(turn)
    this.#admit(QUICK_MAX)
  }

  /** Lets all that wait go. */
  open(): void {
    this.#admit(Infinity)
  }

  #admit(limit: number): void {
    while (this.#waiting.length > 0 && this.#quick.size < limit) this.#waiting.shift()!(this.#turn())
  }

  #turn(): Turn {
    const turn = {}
    this.#quick.add(turn)
    return turn
  }

  #watch(): void {
    if (this.#watched) return
    this.#watched = new Set(this.#quick)
    this.#moves = false
    setTimeout(() => this.#look(), PATIENCE)
  }

  /** Those that have not ended in all this time are not quick. Where none has, nobody knows which of those that wait they wait for. */
  #look(): void {
    for (const turn of this.#watched!) this.#quick.delete(turn)
    this.#watched = undefined
    this.#admit(this.#moves ? QUICK_MAX : Infinity)
    if (this.#waiting.length > 0) this.#watch()
  }
}
