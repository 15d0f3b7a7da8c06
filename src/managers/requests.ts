import type { Connection } from '../api/connection.js'
import { DecodeError } from '../api/errors.js'
import { checkedRequest, reply, type Request, TRACEBACK } from './messages.js'
import { printed } from './printed.js'

/** A client's requests, one after the other. The next one is awaited while one is answered, so that the end is seen then. */
export class Requests {
  readonly #connection: Connection
  #next: Promise<unknown>

  constructor(connection: Connection) {
    this.#connection = connection
    this.#next = this.#receive()
  }

  /** Calls `gone` when the client has gone, at once where it has. */
  whenGone(gone: (reason: unknown) => void): void {
    this.#next.catch((error: unknown) => {
      if (!(error instanceof DecodeError)) gone(error)
    })
  }

  /** The next request; `undefined` at the end. Any other message is answered with the reason; a malformed one is also the end. */
  async take(): Promise<Request | undefined> {
    for (;;) {
      let message: unknown
      try {
        message = await this.#next
      } catch (error) {
        if (!(error instanceof DecodeError)) return undefined
        this.#next = this.#receive()
        await this.#refuse(error)
        continue
      }
      this.#next = this.#receive()
      try {
        return checkedRequest(message)
      } catch (error) {
        await this.#refuse(error)
        return undefined
      }
    }
  }

  #receive(): Promise<unknown> {
    const received = this.#connection.recv()
    // The caller that takes it learns of the error.
    received.catch(() => {})
    return received
  }

  async #refuse(error: unknown): Promise<void> {
    try {
      await this.#connection.send(reply(TRACEBACK, printed(error)))
    } catch {
      // A client that is gone is seen by the next receive.
    }
  }
}
