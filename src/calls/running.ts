import type { Connection } from '../api/connection.js'
import type { CurrentCall } from './current.js'

/** A call that this end answers. */
export class Running implements CurrentCall {
  readonly connection: Connection
  readonly id: number
  readonly name: string
  /** How many items of its stream the caller has given credit for. */
  #credit = 0
  #controller: AbortController | undefined
  #reason: unknown
  #aborted = false
  #givenUp = false
  #wake: (() => void) | undefined

  constructor(connection: Connection, id: number, name: string) {
    this.connection = connection
    this.id = id
    this.name = name
  }

  /** Created on first use: most functions never ask for it. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#aborted) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  /** Whether the caller no longer wants the answer. */
  get givenUp(): boolean {
    return this.#givenUp
  }

  /** Aborts the signal, because the caller no longer wants the answer. */
  giveUp(reason: unknown): void {
    this.#givenUp = true
    this.abort(reason)
  }

  /** Aborts the signal. The answer is still sent, whatever it turns out to be. */
  abort(reason: unknown): void {
    if (this.#aborted) return
    this.#aborted = true
    this.#reason = reason
    this.#controller?.abort(reason)
    this.#wake?.()
  }

  addCredit(count: number): void {
    this.#credit += count
    this.#wake?.()
  }

  /** Takes the credit for one item, or waits for it. Throws the signal's reason if it is aborted instead. */
  async takeCredit(): Promise<void> {
    while (this.#credit === 0 && !this.#aborted) {
      await new Promise<void>((resolve) => (this.#wake = resolve))
      this.#wake = undefined
    }
    if (this.#aborted) throw this.#reason
    this.#credit--
  }
}
