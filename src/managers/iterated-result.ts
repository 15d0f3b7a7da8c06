import type { Call } from '../calls/call.js'

/** A result that stays in the manager, and can be iterated over there. */
type IterableProxy = AsyncIterable<unknown> & AsyncDisposable

export function isIterable(value: unknown): value is IterableProxy {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value && Symbol.asyncDispose in value
}

/** Feeds the items of a result to a call that is iterated over, as far as there is credit. */
export class IteratedResult {
  #credit = 0
  #over = false
  #wake: (() => void) | undefined

  addCredit(count: number): void {
    this.#credit += count
    this.#wake?.()
  }

  /** The caller takes no more items. */
  end(): void {
    this.#over = true
    this.#wake?.()
  }

  async send(result: IterableProxy, call: Call): Promise<void> {
    call.stream()
    try {
      const items = result[Symbol.asyncIterator]()
      while (await this.#creditForOne()) {
        const { value, done } = await items.next()
        if (this.#over) break
        if (done) {
          call.finish()
          break
        }
        call.item(value)
      }
    } catch (error) {
      if (!this.#over) call.fail(error)
    } finally {
      await result[Symbol.asyncDispose]()
    }
  }

  /** Resolves when an item may be sent; `false` where none is taken any more. */
  async #creditForOne(): Promise<boolean> {
    while (this.#credit === 0 && !this.#over) {
      await new Promise<void>((resolve) => (this.#wake = resolve))
      this.#wake = undefined
    }
    this.#credit--
    return !this.#over
  }
}
