import type { Address } from './address.js'
import type { ConnectOptions, ConnectSyncOptions } from './connect-options.js'
import type { Connection } from './connection.js'
import type * as Connector from './connector.js'

/**
 * Connects to a listener, carom's or Python's. Rejects with a `SystemError` if nobody listens (`ENOENT`, `ECONNREFUSED`, …), an
 * `AuthenticationError` if either end does not know the key, and a `TimeoutError` if the time is up. The guide *Listeners,
 * addresses and the key* (`docs/authentication.md`) has more.
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
 * As `connect`, blocking. A host name is looked up first, however long that takes.
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

/** Loaded on first use: a program that only has pipes never connects. */
function connector(): typeof Connector {
  return require('./connector.js') as typeof Connector
}
