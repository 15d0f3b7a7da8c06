import type { Family } from './address.js'
import { AUTHENTICATION_OPTIONS, type AuthenticationOptions } from './authentication.js'
import { KEEP_ALIVE_OPTIONS, type KeepAliveOptions } from './keep-alive.js'
import { type OptionNames, owned } from './option-names.js'
import { CONNECTION_OPTIONS, type ConnectionOptions } from './options.js'

/**
 * How a listener listens, and how the connections behave that it accepts.
 *
 * @example
 * ```ts
 * import { statSync } from 'node:fs'
 * import { Listener } from 'carom'
 *
 * const path = './service.sock'
 * const listener = new Listener(path, { family: 'AF_UNIX', backlog: 256, mode: 0o660, replace: true })
 * console.log((statSync(path).mode & 0o777).toString(8)) // 660
 * await listener.close()
 * ```
 */
export interface ListenerOptions extends ConnectionOptions, AuthenticationOptions, KeepAliveOptions {
  /** The kind of address to make where none is given; it must agree with one that is. Default: what the address is, else a Unix socket. */
  family?: Family | undefined
  /** How many connections may wait to be accepted. Default 128. */
  backlog?: number | undefined
  /** The permissions of a Unix socket's file: a user who may connect must be able to write it. Default `0o600`, the owner only. */
  mode?: number | undefined
  /**
   * Whether to take the place of a socket file at which nobody listens any more, as a process leaves one that a signal ends. A path
   * at which some process listens, or is about to, and one of a file that is no socket, is `EADDRINUSE` all the same; of several
   * processes that replace at once, one listens. Default `false`.
   */
  replace?: boolean | undefined
}

export const LISTENER: OptionNames<ListenerOptions> = owned('Listener', {
  ...CONNECTION_OPTIONS,
  ...AUTHENTICATION_OPTIONS,
  ...KEEP_ALIVE_OPTIONS,
  family: true,
  backlog: true,
  mode: true,
  replace: true,
})

export const LISTENER_FROM_FD: OptionNames<ConnectionOptions & AuthenticationOptions> = owned('Listener.fromFd', {
  ...CONNECTION_OPTIONS,
  ...AUTHENTICATION_OPTIONS,
})
