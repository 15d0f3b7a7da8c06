import type { Connection } from '../api/connection.js'
import { ConnectionClosedError } from '../api/errors.js'
import type { Connections } from './connections.js'

/** One connection, for calls that must be made by one thread of the server's: one after the other. */
export class Pinned implements Connections {
  readonly #connection: Connection
  /** When those that asked before are done with it. */
  #free: Promise<void> = Promise.resolve()
  #release: () => void = () => {}
  #over = false

  constructor(connection: Connection) {
    this.#connection = connection
  }

  async take(): Promise<Connection> {
    const before = this.#free
    let release!: () => void
    this.#free = new Promise((done) => (release = done))
    await before
    if (this.#over || this.#connection.closed) {
      release()
      throw new ConnectionClosedError(
        this.#over
          ? 'the session is over: what it used was for the time of its function'
          : 'the session’s connection has ended: the server closed it, or a call of the session was given up',
      )
    }
    this.#release = release
    return this.#connection
  }

  give(): void {
    this.#release()
  }

  /** Ends the thread. Calls that wait, and the one that is under way, reject. */
  close(): void {
    this.#over = true
    this.#connection.destroy()
  }
}
