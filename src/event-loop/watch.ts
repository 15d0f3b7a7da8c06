import { constants } from 'node:os'

import type { Environment } from './environment.js'
import { systemError } from '../native/status.js'

/**
 * Has the reactor watch the descriptor behind `id` for reading, or also for writing; `again` where it does so already.
 * `false`: it is a file that can't be watched, since it is always ready.
 */
export function watch(environment: Environment, id: number, writable: boolean, again: boolean): boolean {
  const status = environment.native.watch(id, writable, again)
  if (status === 0) return true
  const error = systemError(status, 'epoll_ctl')
  if (-error.errno !== constants.errno.EPERM) throw error
  return false
}
