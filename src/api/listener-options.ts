import type { Family } from './address.js'
import { AUTHENTICATION_OPTIONS, type AuthenticationOptions } from './authentication.js'
import { KEEP_ALIVE_OPTIONS, type KeepAliveOptions } from './keep-alive.js'
import { type OptionNames, owned } from './option-names.js'
import { CONNECTION_OPTIONS, type ConnectionOptions } from './options.js'

/**
 * How a listener listens, and how the connections that it accepts behave.
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
  /**
   * The kind of address to make if none is given; otherwise the address must be of this kind. Default: the address's own kind, or a
   * Unix socket.
   */
  family?: Family | undefined
  /** How many connections may wait to be accepted. Default 128. */
  backlog?: number | undefined
  /** The permissions of a Unix socket's file: a user who may connect must be able to write it. Default `0o600`, the owner only. */
  mode?: number | undefined
  /**
   * Whether to replace a socket file at which nobody listens any more, such as one left by a process that a signal ended. If a
   * process listens at the path, or is about to, or if the file is not a socket, the result is still `EADDRINUSE`. If several
   * processes replace the file at once, exactly one of them listens. Default `false`.
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
