import type { Address } from '../api/address.js'
import type { Connection } from '../api/connection.js'

/**
 * The identity of a client: its process, where the kernel says it, else its host. Objects and references are counted by that.
 *
 * @param from - Where it connected from.
 */
export function identityOf(connection: Connection, from: Address | undefined): string {
  if (typeof from === 'object') return `host ${from.host}`
  try {
    return `process ${connection.peerCredentials.pid}`
  } catch {
    return 'local'
  }
}

/** Whether a client's process has ended. Of one whose number another process has by now, this is not known yet. */
export function isGone(identity: string): boolean {
  const [kind, id] = identity.split(' ')
  // The kernel says 0 of a process in another namespace.
  if (kind !== 'process' || Number(id) <= 0) return false
  try {
    process.kill(Number(id), 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
