import { invalidType } from '../api/arguments.js'
import { Connection } from '../api/connection.js'
import { messages, type Messages } from '../api/iteration.js'
import { ConnectionClosedError, DecodeError, EOFError, ProtocolError, SystemError } from '../api/errors.js'
import { Caller } from './caller.js'
import type { Carrier, MessageTaker } from './carrier.js'
import { formOf } from './errors.js'
import { ABORT, CALL, checkedMessage, CREDIT, ERROR, type Message } from './messages.js'
import { headOf } from './undecodable.js'

/** How many characters of refusals may queue for a peer that doesn't read them: some 100,000 short refusals. */
const REFUSED_MAX = 16 * 1024 * 1024
/** The bytes counted for a refusal in addition to its text. */
const REFUSAL_COST = 100

const sessions = new WeakMap<Connection, Session>()

/** The session of a connection: one for all of its `serve` and `remote` calls, in both directions. */
export function sessionOf(connection: Connection): Session {
  if (!(connection instanceof Connection)) throw invalidType('connection', 'a Connection', connection)
  let session = sessions.get(connection)
  if (!session) sessions.set(connection, (session = new Session(connection)))
  return session
}

/**
 * Reads a connection's messages while it serves or has pending calls, and passes each to the caller or the server. A call never
 * holds up the messages behind it: it is started, and the next message is read.
 */
export class Session implements Carrier {
  readonly connection: Connection
  readonly caller: Caller
  #server: MessageTaker | undefined
  #reading: Messages | undefined
  /** How many characters of refusals the connection has not yet accepted. */
  #refused = 0
  /** Why nothing more will arrive. */
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

  /** Passes arriving calls to `server`, or to nothing if that is `undefined`. */
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

  /** Begins to read if messages are now expected, and keeps the event loop alive only while they are. */
  #update(): void {
    if (this.#end) return
    const idle = !this.#needed
    if (this.#reading) this.#reading.setIdle(idle)
    else if (!idle) void this.#read()
  }

  post(message: Message): Promise<void> {
    return this.connection.send(message)
  }

  tell(message: Message): void {
    this.post(message).catch(() => {})
  }

  refuse(id: number, why: Error): void {
    const cost = why.message.length + REFUSAL_COST
    this.#refused += cost
    if (this.#refused > REFUSED_MAX) throw new ProtocolError('the peer calls without end, and reads no answers')
    const told = (): void => void (this.#refused -= cost)
    this.post([ERROR, id, formOf(why, false, false)]).then(told, told)
  }

  async #read(): Promise<void> {
    try {
      const reading = this.connection[messages]((value) => this.#handle(value))
      this.#reading = reading
      await reading.done
      this.#reading = undefined
      this.#update()
    } catch (error) {
      this.#reading = undefined
      try {
        this.#passOver(error)
      } catch (fault) {
        this.#fail(fault as Error)
      }
    }
  }

  /** A message can't be decoded. If its call can be identified, only that call fails; otherwise this throws the error. */
  #passOver(error: unknown): void {
    const head = error instanceof DecodeError ? headOf(error) : undefined
    if (!head) throw error
    const [kind, id] = head
    if (kind === ABORT || kind === CREDIT) throw error
    if (kind === CALL) this.refuse(id, error as DecodeError)
    else this.caller.fail(id, error as DecodeError)
    this.#update()
  }

  #handle(value: unknown): void {
    const message = checkedMessage(value)
    const kind = message[0]
    if (kind !== CALL && kind !== ABORT && kind !== CREDIT) this.caller.handle(message)
    else if (this.#server) this.#server.handle(message)
    else if (kind === CALL) this.refuse(message[1], new Error('this end serves no functions'))
  }

  /** The connection has ended, or the peer has broken the rules, which ends it. */
  #fail(error: Error): void {
    let why = error
    if (error instanceof DecodeError) {
      why = new ProtocolError(
        `a call message can't be decoded, so the call that it belongs to is unknown: ${error.message}`,
        {
          cause: error,
        },
      )
    }
    // The kernel's error for a peer that went away with unread messages, such as one that was killed.
    if (error instanceof SystemError && error.code === 'ECONNRESET') {
      why = new EOFError('end of stream: the peer is gone, and has not read all that was sent to it (ECONNRESET)')
    }
    this.#end = why
    const server = this.#server
    this.#server = undefined
    // A peer that breaks the rules may not read either, so don't wait for it to read what was sent.
    if (why instanceof ProtocolError) this.connection.destroy()
    else if (!(error instanceof EOFError)) void this.connection.close()
    this.caller.end(why)
    const expected = why instanceof EOFError || why instanceof ConnectionClosedError
    server?.end(expected ? undefined : why)
  }
}
