import { constants } from 'node:os'

import type { Environment } from './environment.js'
import { systemError } from './status.js'

/**
 * Has the reactor watch the descriptor behind `id` for reading, or also for writing; `again` where it does so already. A
 * file that can't be watched is always ready, and is left alone.
 */
export function watch(environment: Environment, id: number, writable: boolean, again: boolean): void {
  const status = environment.native.watch(id, writable, again)
  if (status === 0) return
  const error = systemError(status, 'epoll_ctl')
  if (-error.errno !== constants.errno.EPERM) throw error
}
