import type { Address, Family } from './address.js'
import type { AuthenticationOptions } from './authentication.js'
import type { Connection } from './connection.js'
import type * as Connector from './connector.js'
import type { KeepAliveOptions } from './keep-alive.js'
import type { ConnectionOptions } from './options.js'

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
  /** The kind of address that it must be. Default: what the address is. */
  family?: Family | undefined
  /**
   * Milliseconds until the connection must be there, handshake included. Default: for ever, the handshake excepted, which has
   * `handshakeTimeout`.
   */
  timeout?: number | undefined
  /**
   * Whether to try again while the listener isn't there yet (`ENOENT`, `ECONNREFUSED`): soon at first, then every 100 ms, until it
   * is, the time is up (a `TimeoutError`, whose `cause` is the last failure), or the signal aborts. Any program that can listen at the
   * address first is connected to: use a key, or a directory that only you can write. Default `false`.
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

/**
 * Connects to a listener: carom's, or Python's.
 * Rejects with a `SystemError` where nobody listens (`ENOENT`, `ECONNREFUSED`, …), an `AuthenticationError` where either end does
 * not know the key, and a `TimeoutError` where the time is up. The guide *Listeners, addresses and the key*
 * (`docs/authentication.md`) has more.
 *
 * @example
 * ```ts
 * import { connect, Listener } from 'carom'
 *
 * const listener = new Listener(undefined, { authkey: 'secret' })
 * const accepting = listener.accept()
 *
 * const connection = await connect(listener.address, { authkey: 'secret', timeout: 5000 })
 * await connection.send({ greeting: 'hello' })
 * console.log(await (await accepting).recv()) // { greeting: 'hello' }
 * ```
 */
export function connect<TRecv = unknown, TSend = TRecv>(
  address: Address,
  options?: ConnectOptions,
): Promise<Connection<TRecv, TSend>> {
  return connector().connect(address, options)
}

/**
 * As `connect`, blocking. A host's name is looked up first, however long that takes.
 *
 * @example
 * ```ts
 * import { connectSync, Listener } from 'carom'
 *
 * const listener = new Listener()
 * const connection = connectSync(listener.address, { timeout: 5000 }) // waits in the listener's backlog
 * connection.sendSync('hello')
 * console.log(listener.acceptSync().recvSync()) // hello
 * ```
 */
export function connectSync<TRecv = unknown, TSend = TRecv>(
  address: Address,
  options?: ConnectSyncOptions,
): Connection<TRecv, TSend> {
  return connector().connectSync(address, options)
}

/** Loaded where it is used: a program that only has pipes connects to nothing. */
function connector(): typeof Connector {
  return require('./connector.js') as typeof Connector
}
