import { invalidType } from '../api/arguments.js'
import { ConnectionClosedError } from '../api/errors.js'
import { MethodCalls } from './method-calls.js'
import type { Pinned } from './pinned.js'
import { proxyOf, referenceOf } from './proxy.js'
import type { Home } from './reference.js'

/**
 * Calls over one connection, which one thread of the server's makes: what Python's locks ask for.
 *
 * @example
 * ```ts
 * import { Process } from 'carom'
 * import { connectManager } from 'carom/managers'
 *
 * const python = new Process(new URL('./locks.py', import.meta.url), { target: 'serve', daemon: true })
 * await python.start()
 * await using manager = await connectManager('./locks.sock', { authkey: 'secret', retry: true })
 * const lock = await manager.create('RLock')
 * await manager.session(async (session) => {
 *   const mine = await session.use(lock)
 *   await mine.acquire()
 *   console.log('the lock is this session’s') // the lock is this session’s
 *   await mine.release()
 * })
 * ```
 *
 * ```python
 * # locks.py
 * from multiprocessing.managers import SyncManager
 *
 * def serve():
 *     SyncManager('./locks.sock', b'secret').get_server().serve_forever()
 * ```
 */
export class ManagerSession {
  readonly #pin: (home: Home) => Promise<Pinned>
  /** By the server that they lead to. */
  readonly #pinned = new Map<Home, Promise<Pinned>>()
  #over = false

  /** @internal */
  constructor(pin: (home: Home) => Promise<Pinned>) {
    this.#pin = pin
  }

  /** The same object, whose calls go over the session's connection, one after the other, until the session is over. */
  async use<Proxy extends object>(proxy: Proxy): Promise<Proxy> {
    const reference = referenceOf(proxy)
    if (!reference) throw invalidType('proxy', 'the proxy of a manager', proxy)
    if (this.#over) throw new ConnectionClosedError('the session is over')
    const { home } = reference
    let pinned = this.#pinned.get(home)
    if (!pinned) this.#pinned.set(home, (pinned = this.#pin(home)))
    return proxyOf(new MethodCalls(reference, await pinned), true) as object as Proxy
  }

  /** @internal */
  async end(): Promise<void> {
    this.#over = true
    const ended = await Promise.allSettled(this.#pinned.values())
    for (const each of ended) if (each.status === 'fulfilled') each.value.close()
  }
}
