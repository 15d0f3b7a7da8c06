import type { Connection } from '../api/connection.js'
import type { Message } from './messages.js'

/** The connection that calls go over, for both of its sides. */
export interface Carrier {
  readonly connection: Connection
  /** Why the connection has ended, if it has. */
  readonly end: Error | undefined
  /** How many calls of this end's own have no answer yet. */
  readonly ownCalls: number
  /** Sends a message. What can't be encoded rejects, and so does what the connection can't take any more. */
  post(message: Message): Promise<void>
  /** Sends what the peer may miss where the connection has ended. */
  tell(message: Message): void
  /** Answers the call `id` with an error at once. Throws where the peer calls without end, and reads no answers. */
  refuse(id: number, why: Error): void
  /** A call of this end's own has begun, or is over. */
  callsChanged(): void
}

/** Takes the messages that are for the side that serves. */
export interface MessageTaker {
  handle(message: Message): void
  /** Begins calls that wait for room. */
  proceed(): void
  /** Nothing more arrives: because of `error`, or since the connection has ended. */
  end(error?: unknown): void
}
