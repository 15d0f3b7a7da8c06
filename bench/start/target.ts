import type { Connection } from 'carom'

/** The child of `Process`. */
export function hello(connection: Connection): void {
  connection.sendSync('hello')
}
