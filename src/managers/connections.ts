import type { Connection } from '../api/connection.js'

/** Where calls of methods have their connections from: each takes one for itself, from the request to the reply. */
export interface Connections {
  take(): Promise<Connection>
  /** Gives one back. After a call that was given up, it is closed by now. */
  give(connection: Connection): void
}
