import type { Connection } from '../api/connection.js'
import type { Message } from './messages.js'

/** The connection that carries calls, as its caller and its server see it. */
export interface Carrier {
  readonly connection: Connection
  /** Why the connection has ended, if it has. */
  readonly end: Error | undefined
  /** How many of this end's own calls have no answer yet. */
  readonly ownCalls: number
  /** Sends a message. Rejects if it can't be encoded, or if the connection can no longer send. */
  post(message: Message): Promise<void>
  /** Sends a message that doesn't matter if the connection has ended. */
  tell(message: Message): void
  /** Answers the call `id` with an error at once. Throws if the peer keeps calling without reading its answers. */
  refuse(id: number, why: Error): void
  /** One of this end's own calls has begun or finished. */
  callsChanged(): void
}

/** Receives the messages that are meant for the serving side. */
export interface MessageTaker {
  handle(message: Message): void
  /** Starts queued calls for which there is now room. */
  proceed(): void
  /** Nothing more will arrive: because of `error`, or because the connection has ended. */
  end(error?: unknown): void
}
