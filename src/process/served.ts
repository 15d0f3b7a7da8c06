import type { Connection } from '../api/connection.js'
import { ProcessError } from '../api/errors.js'
import { pipe } from '../api/pipe.js'
import type * as RemoteCalls from '../calls/remote.js'

/** The functions that a child serves, and the connection over which they are called. */
export class Served {
  /** The child's end. */
  readonly there: Connection
  readonly remote: RemoteCalls.AnyRemote
  readonly #here: Connection
  readonly #calls: typeof RemoteCalls

  constructor(codec: 'pickle' | undefined) {
    // Loaded on first use: few programs serve.
    this.#calls = require('../calls/remote.js') as typeof RemoteCalls
    ;[this.#here, this.there] = pipe({ codec })
    this.remote = this.#calls.remote(this.#here)
  }

  /** Takes no new calls, and resolves when those that run are over. The child then sees the end of the connection. */
  async drain(name: string): Promise<void> {
    await this.#calls.drain(this.remote, new ProcessError(`${name} was stopped: it takes no more calls`))
    await this.#here.close()
  }

  /** There is no child, or none any more. */
  abandon(): void {
    void this.#here.close()
    void this.there.close()
  }
}
