/**
 * Counts a run's messages where they arrive. A run is an opening that says how many follow, these, and one answer from the
 * far end: the sender's clock stops when the last message has really been received, not when it was handed over.
 */
export class Tally<Message> {
  /** The message taken last. Kept, as a real receiver would: else the compiler sees that no message is used, and makes none. */
  last: Message | undefined

  readonly #announced: (opening: Message) => number
  readonly #check: (message: Message, index: number) => boolean
  readonly #answer: Message
  #count = 0
  #seen = 0

  constructor(parts: {
    /** How many messages an opening announces. */
    announced: (opening: Message) => number
    /** Is this the message that was sent? */
    check: (message: Message, index: number) => boolean
    answer: Message
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
      return undefined
    }
    if (!this.#check(message, this.#seen)) throw new Error(`message ${this.#seen} is not the one that was sent`)
    this.#seen += 1
    this.last = message
    return this.#seen === this.#count ? this.#answer : undefined
  }
}
