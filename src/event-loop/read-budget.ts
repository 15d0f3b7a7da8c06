import { now, setImmediate } from './timers.js'

/** How many bytes a turn of the event loop reads, before timers and other descriptors get their turn. */
const BYTES_PER_TURN = 1024 * 1024

/**
 * When only this much of the share is left, the event loop is asked to report the end of the turn. Without that, a program that
 * never waits for a readiness report would not notice a new turn, and all its reads would count against a single share. With it,
 * each of its turns has at least three quarters of a share.
 */
const UNTOLD = (BYTES_PER_TURN / 4) * 3

/** The least cost of a read: the system call takes as long as some bytes do. */
const READ = 1024

/** The cost of accepting a peer: a descriptor and an object are made. */
export const ACCEPT: number = 16 * 1024

/** How long a turn hands out messages that are here already, in milliseconds. The clock is asked at every 64th. */
const TURN = 10
const ASK = 63

/** A receive or an accept that was deferred to the next turn. */
export interface Deferred {
  resume(): void
}

/**
 * The share of a turn of the event loop that may be read, accepted and handed out, all connections and listeners together, so that a peer which
 * sends without a pause leaves room for timers and for other peers. Every way to receive asks here; blocking calls don't.
 */
export class ReadBudget {
  /** How many more bytes this turn may read. */
  left: number = BYTES_PER_TURN
  #turn = 0
  #delivered = 0
  /** The turn in which the clock was asked last, and when it was first asked in it. */
  #timedTurn = -1
  #begin = 0
  #deferred: Deferred[] = []
  /** Whether a notification of the next turn is pending, and since when. */
  #ending = false
  #ended = 0

  /** Whether this turn's share is used up. */
  get spent(): boolean {
    return this.left <= 0
  }

  /** Counts a read of `bytes`, or an accept. */
  spend(bytes: number): void {
    this.left -= bytes > READ ? bytes : READ
    if (this.left <= UNTOLD) this.#end()
  }

  /** Whether one more message that is here may be handed out in this turn. */
  mayDeliver(): boolean {
    if ((++this.#delivered & ASK) === 0) this.#askClock()
    return this.left > 0
  }

  /**
   * Whether a program that polls repeatedly within one turn may read. Once its share is used up it finds nothing, so that it yields
   * to the event loop; if it keeps polling all the same, it must eventually find what has arrived.
   */
  mayReadAgain(): boolean {
    if (this.left > 0) return true
    if (now() - this.#ended < TURN) return false
    this.left = BYTES_PER_TURN
    return true
  }

  /** A new turn begins. */
  refill(): void {
    this.#turn++
    this.left = BYTES_PER_TURN
  }

  /** Calls `resume` in the next turn. */
  defer(call: Deferred): void {
    this.#deferred.push(call)
    this.#end()
  }

  /** Resolves in the next turn. */
  nextTurn(): Promise<void> {
    return new Promise((resolve) => this.defer({ resume: resolve }))
  }

  #askClock(): void {
    const time = now()
    if (this.#timedTurn !== this.#turn) {
      this.#timedTurn = this.#turn
      this.#begin = time
    } else if (time - this.#begin > TURN) {
      this.left = 0
      this.#end()
    }
  }

  /** Asks to be notified of the next turn, when this turn's share is used up or nearly so: nothing else may signal its start. */
  #end(): void {
    if (this.left <= 0) this.#ended = now()
    if (this.#ending) return
    this.#ending = true
    setImmediate(() => {
      this.#ending = false
      this.refill()
      const deferred = this.#deferred
      this.#deferred = []
      for (const each of deferred) each.resume()
    })
  }
}
