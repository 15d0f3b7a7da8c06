import { nanoseconds } from './rate.ts'

/** The far end's answer when a run's last message has arrived. */
export interface Arrived {
  /** Its process: where that is the measuring one, as with a worker thread, its processor time is counted already. */
  pid: number
  /** Nanoseconds of processor time that it spent, from the opening to the last message. */
  processor: number
}

/**
 * Counts a run's messages where they arrive. A run is an opening that says how many follow, these, and one answer from the
 * far end: the sender's clock stops when the last message has really been received, not when it was handed over.
 */
export class Tally<Message> {
  /** The message taken last. Kept, as a real receiver would: else the compiler sees that no message is used, and makes none. */
  last: Message | undefined

  readonly #announced: (opening: Message) => number
  readonly #check: (message: Message, index: number) => boolean
  readonly #answer: (arrived: Arrived) => Message
  #count = 0
  #seen = 0
  #used = process.cpuUsage()

  constructor(parts: {
    /** How many messages an opening announces. */
    announced: (opening: Message) => number
    /** Is this the message that was sent? */
    check: (message: Message, index: number) => boolean
    answer: (arrived: Arrived) => Message
  }) {
    this.#announced = parts.announced
    this.#check = parts.check
    this.#answer = parts.answer
  }

  /** Takes the next message; returns the answer to send when it was the last of its run. */
  take(message: Message): Message | undefined {
    if (this.#seen === this.#count) {
      this.#count = this.#announced(message)
      this.#seen = 0
      this.#used = process.cpuUsage()
      return undefined
    }
    if (!this.#check(message, this.#seen)) throw new Error(`message ${this.#seen} is not the one that was sent`)
    this.#seen += 1
    this.last = message
    if (this.#seen < this.#count) return undefined
    return this.#answer({ pid: process.pid, processor: nanoseconds(process.cpuUsage(this.#used)) })
  }
}

/** The far process's part of the processor time, which the measuring process's own clock did not see. */
export function elsewhere({ pid, processor }: Arrived): number {
  return pid === process.pid ? 0 : processor
}
