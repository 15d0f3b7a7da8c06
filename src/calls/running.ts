import type { Connection } from '../api/connection.js'
import type { CurrentCall } from './current.js'

/** A call that this end answers. */
export class Running implements CurrentCall {
  readonly connection: Connection
  readonly id: number
  readonly name: string
  /** How many items of its stream the caller takes. */
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

  /** Made when somebody asks for it: most functions never do. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#aborted) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  /** Nobody waits for the answer any more. */
  get givenUp(): boolean {
    return this.#givenUp
  }

  /** Aborts the signal, since nobody waits for the answer any more. */
  giveUp(reason: unknown): void {
    this.#givenUp = true
    this.abort(reason)
  }

  /** Aborts the signal. The answer, whatever it is then, is still sent. */
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

  /** Takes the credit for one item, or waits for it. Throws the reason where the signal is aborted instead. */
  async takeCredit(): Promise<void> {
    while (this.#credit === 0 && !this.#aborted) {
      await new Promise<void>((resolve) => (this.#wake = resolve))
      this.#wake = undefined
    }
    if (this.#aborted) throw this.#reason
    this.#credit--
  }
}
