import { invalidType } from '../api/arguments.js'
import { Connection } from '../api/connection.js'
import { ConnectionClosedError, DecodeError, EOFError, ProtocolError } from '../api/errors.js'
import { Caller } from './caller.js'
import type { Carrier, MessageTaker } from './carrier.js'
import { ABORT, CALL, checkedMessage, CREDIT, ERROR, type Message } from './messages.js'

const sessions = new WeakMap<Connection, Session>()

/** The calls of a connection, both ways: one for all of its `serve` and `remote`. */
export function sessionOf(connection: Connection): Session {
  if (!(connection instanceof Connection)) throw invalidType('connection', 'a Connection', connection)
  let session = sessions.get(connection)
  if (!session) sessions.set(connection, (session = new Session(connection)))
  return session
}

/**
 * Reads a connection's messages as long as it serves, or has calls under way, and gives each to the side that it is for.
 * Nothing waits behind a call: what a message asks for is begun, and the next message is read.
 */
export class Session implements Carrier {
  readonly connection: Connection
  readonly caller: Caller
  #server: MessageTaker | undefined
  #reading: AbortController | undefined
  /** Why nothing more arrives. */
  #end: Error | undefined

  constructor(connection: Connection) {
    this.connection = connection
    this.caller = new Caller(this)
  }

  get ownCalls(): number {
    return this.caller.active
  }

  get server(): MessageTaker | undefined {
    return this.#server
  }

  /** Gives the calls that arrive to `server`; to nobody where that is `undefined`. */
  set server(server: MessageTaker | undefined) {
    this.#server = server
    this.#update()
  }

  /** Why the connection has ended, if it has. */
  get end(): Error | undefined {
    return this.#end
  }

  get #needed(): boolean {
    return this.#end === undefined && (this.#server !== undefined || this.ownCalls > 0)
  }

  callsChanged(): void {
    this.#server?.proceed()
    this.#update()
  }

  /** Begins to read where messages are expected now, or ends it. */
  #update(): void {
    if (this.#needed) {
      if (!this.#reading) void this.#read()
    } else this.#reading?.abort()
  }

  post(message: Message): Promise<void> {
    return this.connection.send(message)
  }

  tell(message: Message): void {
    this.post(message).catch(() => {})
  }

  async #read(): Promise<void> {
    const { connection } = this
    const reading = new AbortController()
    this.#reading = reading
    const options = { signal: reading.signal }
    try {
      while (this.#needed) {
        this.#handle(await connection.recv(options))
        while (this.#needed) {
          const message = connection.tryRecv()
          if (message === undefined) break
          this.#handle(message)
        }
      }
    } catch (error) {
      if (!reading.signal.aborted || error !== reading.signal.reason) this.#fail(error as Error)
    }
    this.#reading = undefined
    // Somebody may have come while the reading ended.
    if (this.#needed) void this.#read()
  }

  #handle(value: unknown): void {
    const message = checkedMessage(value)
    const kind = message[0]
    if (kind !== CALL && kind !== ABORT && kind !== CREDIT) this.caller.handle(message)
    else if (this.#server) this.#server.handle(message)
    else if (kind === CALL) this.tell([ERROR, message[1], { name: 'Error', message: 'this end serves no functions' }])
  }

  /** The connection has ended, or the peer has broken the rules, which ends it. */
  #fail(error: Error): void {
    let why = error
    if (error instanceof DecodeError) {
      why = new ProtocolError(`a call message can't be decoded, so nobody knows whose it is: ${error.message}`, {
        cause: error,
      })
    }
    this.#end = why
    const server = this.#server
    this.#server = undefined
    if (!(error instanceof EOFError)) void this.connection.close()
    this.caller.end(why)
    const expected = why instanceof EOFError || why instanceof ConnectionClosedError
    server?.end(expected ? undefined : why)
  }
}
