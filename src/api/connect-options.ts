import type { Family } from './address.js'
import { AUTHENTICATION_OPTIONS, type AuthenticationOptions } from './authentication.js'
import { KEEP_ALIVE_OPTIONS, type KeepAliveOptions } from './keep-alive.js'
import { type OptionNames, owned } from './option-names.js'
import { CONNECTION_OPTIONS, type ConnectionOptions } from './options.js'

/**
 * How to reach a listener, and for how long to try.
 *
 * @example
 * ```ts
 * import { connect, Listener } from 'carom'
 *
 * const connecting = connect('./service.sock', { family: 'AF_UNIX', retry: true, timeout: 5000 })
 * const listener = new Listener('./service.sock') // a moment later, mostly in another process
 * await (await connecting).send('hello')
 * console.log(await (await listener.accept()).recv()) // hello
 * await listener.close()
 * ```
 */
export interface ConnectSyncOptions extends ConnectionOptions, AuthenticationOptions, KeepAliveOptions {
  /** The kind of address that it must be. Default: the address's own kind. */
  family?: Family | undefined
  /**
   * Milliseconds within which the connection must be made, handshake included. Default: for ever, except for the handshake, which
   * has `handshakeTimeout`.
   */
  timeout?: number | undefined
  /**
   * Whether to try again while the listener isn't there yet (`ENOENT`, `ECONNREFUSED`): soon at first, then every 100 ms, until it
   * is there, the time is up (a `TimeoutError`, whose `cause` is the last failure), or the signal aborts. This connects to whatever
   * program listens at the address first: use a key, or a directory that only you can write. Default `false`.
   */
  retry?: boolean | undefined
}

/**
 * As {@link ConnectSyncOptions}, with a signal.
 *
 * @example
 * ```ts
 * import { connect } from 'carom'
 *
 * try {
 *   await connect('./nobody-listens.sock', { retry: true, signal: AbortSignal.timeout(50) })
 * } catch (error) {
 *   if (error instanceof DOMException) console.log(error.name) // TimeoutError
 * }
 * ```
 */
export interface ConnectOptions extends ConnectSyncOptions {
  /** Gives up: the call rejects with the signal's reason. Default: none. */
  signal?: AbortSignal | undefined
}

const CONNECT_SYNC_OPTIONS: Record<keyof ConnectSyncOptions, true> = {
  ...CONNECTION_OPTIONS,
  ...AUTHENTICATION_OPTIONS,
  ...KEEP_ALIVE_OPTIONS,
  family: true,
  timeout: true,
  retry: true,
}

export const CONNECT: OptionNames<ConnectOptions> = owned('connect', { ...CONNECT_SYNC_OPTIONS, signal: true })
export const CONNECT_SYNC: OptionNames<ConnectSyncOptions> = owned('connectSync', CONNECT_SYNC_OPTIONS)
