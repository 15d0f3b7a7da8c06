import { EventEmitter } from 'node:events'
import type { InspectOptions } from 'node:util'

import type * as Accepting from '../connection/accept-path.js'
import { ListenerResource } from '../connection/listener-resource.js'
import { environmentOf } from '../event-loop/environment.js'
import { disown, own } from '../event-loop/resource.js'
import { queueMicrotask } from '../event-loop/timers.js'
import { type Source, type SourceOwner, source } from '../event-loop/waitable.js'
import { checked } from '../native/status.js'
import { onArrival } from '../wire/arrived.js'
import { inJson, type Transfer, type Transferable, transfer } from '../wire/transferable.js'
import { type Address, listenAddress } from './address.js'
import * as check from './arguments.js'
import { type Authentication, type AuthenticationOptions, authentication } from './authentication.js'
import { Connection } from './connection.js'
import { listenerOpen } from './diagnostics.js'
import { type CaromError, ConnectionClosedError } from './errors.js'
import { inspection, shownAs } from './inspection.js'
import { keepAliveTime } from './keep-alive.js'
import { LISTENER, LISTENER_FROM_FD, type ListenerOptions } from './listener-options.js'
import { type Described, describe } from './listener-transfer.js'
import { type ConnectionOptions, Descriptors, optionsOfArrival, type Settings, settings } from './options.js'
import { receiving, type ReceiveOptions } from './receive-options.js'
import { assertShares, isShared } from './transport.js'

interface ListenerEvents {
  /** A peer was refused. `address` is where it connected from, the empty string for a Unix peer without a name. */
  authenticationFailure: [error: CaromError, address: Address]
}

const ACCEPT = receiving('accept')

const END: IteratorReturnResult<undefined> = { value: undefined, done: true }

/**
 * A socket that others connect to: carom's `connect`, or Python's `Client`.
 *
 * It listens as soon as it is made; connections wait in its backlog until they are accepted. Without an address it makes a
 * private one, which only this user can reach.
 * The guide *Listeners, addresses and the key* (`docs/authentication.md`) says who can reach which address, and what a key protects.
 *
 * @example
 * ```ts
 * import { connect, Listener } from 'carom'
 *
 * const listener = new Listener(undefined, { authkey: 'secret' })
 * listener.on('authenticationFailure', (error, address) => console.warn(error.message, address))
 *
 * async function answerAll() {
 *   for await (const connection of listener) {
 *     void connection.forEach((message) => connection.send({ echo: message }))
 *   }
 * }
 * const answering = answerAll()
 *
 * const client = await connect(listener.address, { authkey: 'secret' })
 * await client.send('hello')
 * console.log(await client.recv()) // { echo: 'hello' }
 * await client.close()
 * await listener.close()
 * await answering
 * ```
 */
export class Listener<TRecv = unknown, TSend = TRecv>
  extends EventEmitter<ListenerEvents>
  implements SourceOwner, Transferable, AsyncIterable<Connection<TRecv, TSend>>
{
  readonly #options: ConnectionOptions & AuthenticationOptions
  readonly #authentication: Authentication | undefined
  readonly #resource: ListenerResource
  readonly #owned: object
  readonly #accepting: Accepting.AcceptPath<Connection<TRecv, TSend>>

  constructor(address?: Address, options?: ListenerOptions)
  /** @internal */
  constructor(address: Inherited, options?: ListenerOptions)
  constructor(address?: Address | Inherited, options?: ListenerOptions) {
    super()
    // Loaded on first use, before anything is opened: a program that only has pipes never listens.
    const { AcceptPath } = require('../connection/accept-path.js') as typeof Accepting
    const { family, backlog = 128, mode = 0o600, replace = false, ...others } = check.options(options, LISTENER)
    const { keepAlive, keepAliveInitialDelay, ...rest } = others
    const inherited = address instanceof Inherited ? address : undefined
    const at = address instanceof Inherited ? undefined : listenAddress(address, family)
    check.integer('backlog', backlog, 0, 0x7fffffff)
    check.integer('mode', mode, 0, 0o777)
    check.boolean('replace', replace)
    const idle = keepAliveTime({ keepAlive, keepAliveInitialDelay })
    const { descriptors, ringSize } = settings(rest)
    // The peer's shared memory comes as a descriptor.
    this.#authentication = authentication(ringSize > 0 ? { ...rest, descriptors: true } : rest)
    assertShares(ringSize, at)
    // With a key, each connection takes them once its peer has proved the key.
    const atOnce = !this.#authentication && (descriptors !== Descriptors.None || ringSize > 0)
    this.#options = rest
    const environment = environmentOf()
    const { native } = environment
    const listening = checked(
      () =>
        inherited
          ? native.adoptListener(inherited.fd, inherited.shared)
          : native.listen(at, {
              backlog,
              mode,
              replace,
              descriptors: atOnce,
              ...(idle !== undefined && { keepAlive: idle }),
            }),
      at,
    )
    try {
      assertShares(ringSize, listening.address)
    } catch (error) {
      native.detach(listening.id)
      throw error
    }
    this.#resource = new ListenerResource(environment, listening.id, listening.address)
    this.#accepting = new AcceptPath(environment, this.#resource, this.#authentication, {
      connectionTo: ({ id, legacy }) => Connection.adopt(native.detach(id), rest, { legacy, accepted: true }),
      // A caller's handler doesn't run, and so can't throw, in the middle of accepting.
      onRefused: (error, peer) => queueMicrotask(() => this.emit('authenticationFailure', error as CaromError, peer)),
    })
    this.#owned = own(this.#resource)
    if (listenerOpen.observed) listenerOpen.publish({ address: listening.address })
  }

  /**
   * A listener over a descriptor that already listens, such as one that another program has handed to this one. From then on the
   * descriptor belongs to the listener. Closing it removes no socket file.
   *
   * @example
   * ```ts
   * import { connect, Handle, Listener, pipe } from 'carom'
   *
   * const [here, there] = pipe<Handle>()
   * const first = new Listener()
   * await here.send(new Handle(first.fd)) // to another process, mostly
   * const second = Listener.fromFd((await there.recv()).fd, { authkey: 'secret' })
   * const accepting = second.accept()
   * await connect(first.address, { authkey: 'secret' })
   * console.log((await accepting).writable) // true
   * ```
   */
  static fromFd<TRecv = unknown, TSend = TRecv>(
    fd: number,
    options?: ConnectionOptions & AuthenticationOptions,
  ): Listener<TRecv, TSend> {
    check.options(options, LISTENER_FROM_FD)
    return new Listener(new Inherited(check.integer('fd', fd, 0, 0x7fffffff), false), options)
  }

  /**
   * The next peer's connection; with a key, once the peer has proved that it knows the key.
   *
   * @example
   * ```ts
   * import { connect, Listener } from 'carom'
   *
   * const listener = new Listener()
   * const nobody = listener.accept({ signal: AbortSignal.timeout(20) })
   * console.log(await nobody.catch(() => 'nobody came')) // nobody came
   * void connect(listener.address)
   * console.log((await listener.accept()).closed, listener.lastAccepted === '') // false true
   * ```
   */
  async accept(options?: ReceiveOptions): Promise<Connection<TRecv, TSend>> {
    this.#accepting.assertOpen()
    const signal = check.abortSignal(check.options(options, ACCEPT).signal)
    signal?.throwIfAborted()
    return this.#accepting.accept(signal)
  }

  /**
   * As `accept`, blocking. A peer that does not prove that it knows the key is an error; the listener stays open.
   *
   * @example
   * ```ts
   * import { connectSync, Listener } from 'carom'
   *
   * const listener = new Listener()
   * const client = connectSync(listener.address)
   * client.sendSync('hello')
   * console.log(listener.acceptSync().recvSync()) // hello
   * ```
   */
  acceptSync(): Connection<TRecv, TSend> {
    return this.#accepting.acceptSync()
  }

  /** Connections, until the listener is closed. Leaving the loop does not close it. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Connection<TRecv, TSend>> {
    return {
      next: async () => {
        try {
          return { value: await this.accept(), done: false }
        } catch (error) {
          if (this.closed && error instanceof ConnectionClosedError) return END
          throw error
        }
      },
      return: () => Promise.resolve(END),
      [Symbol.asyncIterator]() {
        return this
      },
    }
  }

  /**
   * Stops listening, and removes the socket file that it made. Pending calls of `accept` reject with a `ConnectionClosedError`;
   * accepted connections stay open.
   *
   * @example
   * ```ts
   * import { existsSync } from 'node:fs'
   * import { Listener } from 'carom'
   *
   * const listener = new Listener('./service.sock')
   * console.log(existsSync('./service.sock')) // true
   * await listener.close()
   * console.log(existsSync('./service.sock'), listener.closed) // false true
   * ```
   */
  close(): Promise<void> {
    if (this.closed) return Promise.resolve()
    disown(this.#owned)
    this.#resource.release()
    this.#accepting.end()
    return Promise.resolve()
  }

  /** Waiting for peers keeps the event loop alive, as it does from the start. */
  ref(): this {
    this.#accepting.reference(true)
    return this
  }

  /**
   * Waiting for peers no longer keeps the event loop alive.
   *
   * @example
   * ```ts
   * import { Listener } from 'carom'
   *
   * const listener = new Listener().unref()
   * void listener.accept() // does not keep the program alive; after ref() it would
   * console.log('the end', listener.ref() === listener, listener.unref() === listener) // the end true true
   * ```
   */
  unref(): this {
    this.#accepting.reference(false)
    return this
  }

  /** Where to connect to: the path, or the host and port in numbers. */
  get address(): Address {
    return this.#resource.address
  }

  /** Where the last accepted connection came from; the empty string for a Unix peer without a name. */
  get lastAccepted(): Address | undefined {
    return this.#accepting.lastAccepted
  }

  /** The file descriptor. It stays the listener's. */
  get fd(): number {
    this.#accepting.assertOpen()
    return this.#resource.fd
  }

  /** Whether it was closed. */
  get closed(): boolean {
    return this.#resource.released
  }

  [Symbol.dispose](): void {
    void this.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** @internal */
  get [source](): Source {
    return this.#accepting
  }

  /** @internal */
  [inspection](depth: number, options: InspectOptions): string {
    const { address, closed, lastAccepted } = this
    const state = {
      ...(closed ? { closed } : { fd: this.fd }),
      address,
      authenticated: this.#authentication !== undefined,
      codec: typeof this.#options.codec === 'object' ? 'custom' : (this.#options.codec ?? 'structured'),
      ...this.#accepting.state,
      lastAccepted,
    }
    return shownAs('Listener', state, depth, options)
  }

  /** @internal */
  toJSON(): object {
    return inJson('listener', { address: this.address })
  }

  /** @internal */
  get [transfer](): Transfer {
    return {
      kind: 'listener',
      fd: this.fd,
      describe: (carrier) => {
        const { fd } = this
        return describe({ fd, options: this.#options, authentication: this.#authentication }, carrier)
      },
      // It stays open here: several processes may accept from one, and the process that made its socket file removes it.
      handOver: () => {},
    }
  }
}

/** A descriptor to listen on, in place of an address. */
class Inherited {
  readonly fd: number
  /** A peer has sent it, and may have it too. */
  readonly shared: boolean

  constructor(fd: number, shared: boolean) {
    this.fd = fd
    this.shared = shared
  }
}

onArrival('listener', {
  fromMessage({ fd, isListener }, described, carrier: Settings) {
    if (!isListener) {
      throw new TypeError(
        'the descriptor that the message calls a listener is not a listening stream socket in non-blocking mode: it is closed',
      )
    }
    return new Listener(new Inherited(fd, true), optionsOfArrival(carrier, isShared(described)))
  },
  fromParent: (fd, { key, ...options }: Described) =>
    Listener.fromFd(fd, { ...options, ...(key !== undefined && { authkey: Buffer.from(key, 'base64') }) }),
  discard: (listener: Listener) => void listener.close(),
})
