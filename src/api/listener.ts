import { EventEmitter } from 'node:events'
import { constants } from 'node:os'
import type { InspectOptions } from 'node:util'

import { onAbort } from '../event-loop/abort.js'
import { type Address, type Family, listenAddress } from './address.js'
import * as check from './arguments.js'
import {
  AUTHENTICATION_OPTIONS,
  type Authentication,
  type AuthenticationOptions,
  authentication,
} from './authentication.js'
import { Deadline, FOR_EVER } from '../event-loop/blocking.js'
import { Connection } from './connection.js'
import { listenerOpen } from './diagnostics.js'
import { type Environment, type Watcher, environmentOf } from '../event-loop/environment.js'
import { BusyError, type CaromError, ConnectionClosedError, SystemError } from './errors.js'
import { Handshake, shakeHandsSync } from '../connection/handshake.js'
import { inspection, shownAs } from './inspection.js'
import { type Admitted, ListenerResource } from '../connection/listener-resource.js'
import { KEEP_ALIVE_OPTIONS, type KeepAliveOptions, keepAliveTime } from './keep-alive.js'
import { type OptionNames, owned } from './option-names.js'
import { receiving, type ReceiveOptions } from './receive-options.js'
import {
  CONNECTION_OPTIONS,
  type ConnectionOptions,
  Descriptors,
  optionsOf,
  type Settings,
  settings,
} from './options.js'
import { ACCEPT as ACCEPT_COST, type Deferred } from '../event-loop/read-budget.js'
import { Registration } from '../event-loop/registration.js'
import { type Source, type SourceOwner, source } from '../event-loop/waitable.js'
import { disown, own } from '../event-loop/resource.js'
import { clearTimeout, now, queueMicrotask, setTimeout } from '../event-loop/timers.js'
import { checked } from '../native/status.js'
import { isNonblocking } from '../native/binding.js'
import { onArrival } from '../wire/arrived.js'
import { inJson, type Transfer, type Transferable, transfer } from '../wire/transferable.js'

export interface ListenerOptions extends ConnectionOptions, AuthenticationOptions, KeepAliveOptions {
  /** The kind of address to make where none is given; it must agree with one that is. */
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

const LISTENER: OptionNames<ListenerOptions> = owned('Listener', {
  ...CONNECTION_OPTIONS,
  ...AUTHENTICATION_OPTIONS,
  ...KEEP_ALIVE_OPTIONS,
  family: true,
  backlog: true,
  mode: true,
  replace: true,
})
const LISTENER_FROM_FD: OptionNames<ConnectionOptions & AuthenticationOptions> = owned('Listener.fromFd', {
  ...CONNECTION_OPTIONS,
  ...AUTHENTICATION_OPTIONS,
})

interface ListenerEvents {
  /** A peer was refused. `address` is where it connected from, the empty string for a Unix peer without a name. */
  authenticationFailure: [error: CaromError, address: Address]
}

/** A call of `accept` that waits. */
interface Pending {
  resolve: (connection: Connection) => void
  reject: (error: unknown) => void
  settled?: () => void
}

/** How many handshakes go on at once. */
const HANDSHAKES_MAX = 4096

/**
 * For how many milliseconds a handshake goes on undisturbed. Then it ends if another peer needs its place: a crowd of honest
 * peers is let in one after the other, and one of silent peers keeps honest ones out no longer than this.
 */
const GRACE = 3000

const ACCEPT = receiving('accept')

const END: IteratorReturnResult<undefined> = { value: undefined, done: true }

/**
 * A socket that others connect to: carom's `connect`, or Python's `Client`.
 *
 * It listens as soon as it is made; connections wait in its backlog until they are accepted. Without an address it makes a
 * private one, which only this user can reach.
 */
export class Listener<TRecv = unknown, TSend = TRecv>
  extends EventEmitter<ListenerEvents>
  implements SourceOwner, Transferable, AsyncIterable<Connection<TRecv, TSend>>
{
  readonly #environment: Environment
  readonly #id: number
  readonly #address: Address
  readonly #options: ConnectionOptions & AuthenticationOptions
  readonly #authentication: Authentication | undefined
  readonly #resource: ListenerResource
  readonly #owned: object
  readonly #registration: Registration
  readonly #watcher: Watcher & Deferred
  #pending: Pending[] = []
  readonly #handshakes = new Set<Handshake>()
  /** Those that wait for a peer by `wait`, and whether one is accepted for them, or failed to be. */
  readonly #waits = new Set<(changed: Source) => void>()
  #wanted = false
  #failed = false
  #mayAccept = true
  #deferred = false
  #room: NodeJS.Timeout | undefined
  #lastAccepted: Address | undefined

  constructor(address?: Address, options?: ListenerOptions)
  /** @internal */
  constructor(address: Inherited, options?: ListenerOptions)
  constructor(address?: Address | Inherited, options?: ListenerOptions) {
    super()
    const { family, backlog = 128, mode = 0o600, replace = false, ...others } = check.options(options, LISTENER)
    const { keepAlive, keepAliveInitialDelay, ...rest } = others
    const inherited = address instanceof Inherited ? address : undefined
    const at = address instanceof Inherited ? undefined : listenAddress(address, family)
    check.integer('backlog', backlog, 0, 0x7fffffff)
    check.integer('mode', mode, 0, 0o777)
    check.boolean('replace', replace)
    const idle = keepAliveTime({ keepAlive, keepAliveInitialDelay })
    this.#authentication = authentication(rest)
    const { descriptors } = settings(rest)
    // With a key, each connection takes them once its peer has proved the key.
    const atOnce = !this.#authentication && descriptors !== Descriptors.None
    this.#options = rest
    const environment = environmentOf()
    this.#environment = environment
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
    this.#id = listening.id
    this.#address = listening.address
    this.#resource = new ListenerResource(environment, listening.id, listening.address)
    this.#watcher = {
      ready: () => {
        this.#mayAccept = true
        this.#serve()
      },
      resume: () => {
        this.#deferred = false
        if (!this.closed) this.#serve()
      },
    }
    this.#registration = new Registration(environment, this.#id, this.#watcher)
    this.#owned = own(this.#resource)
    if (listenerOpen.observed) listenerOpen.publish({ address: listening.address })
  }

  /**
   * A listener over a descriptor that listens already: one that another program has handed to this one. The descriptor is the
   * listener's from then on. No socket file is removed with it.
   */
  static fromFd<TRecv = unknown, TSend = TRecv>(
    fd: number,
    options?: ConnectionOptions & AuthenticationOptions,
  ): Listener<TRecv, TSend> {
    check.options(options, LISTENER_FROM_FD)
    return new Listener(new Inherited(check.integer('fd', fd, 0, 0x7fffffff), false), options)
  }

  /** The next peer's connection, once the peer has proved that it knows the key, if there is one. */
  accept(options?: ReceiveOptions): Promise<Connection<TRecv, TSend>> {
    return new Promise((resolve, reject) => {
      this.#assertOpen()
      const signal = check.abortSignal(check.options(options, ACCEPT).signal)
      signal?.throwIfAborted()
      this.#failed = false
      const pending: Pending = { resolve: resolve as Pending['resolve'], reject }
      this.#pending.push(pending)
      if (signal) {
        pending.settled = onAbort(signal, () => {
          this.#pending.splice(this.#pending.indexOf(pending), 1)
          this.#updateAwaited()
          reject(signal.reason)
        })
      }
      this.#serve()
    })
  }

  /** As `accept`, blocking. A peer that does not prove that it knows the key is an error; the listener lives on. */
  acceptSync(): Connection<TRecv, TSend> {
    this.#assertOpen()
    if (this.#pending.length > 0) {
      throw new BusyError(
        `${this.#pending.length} asynchronous accepts wait for peers: a blocking one would overtake them`,
      )
    }
    const admitted = this.#resource.admitted.shift()
    if (admitted) return this.#connection(admitted)
    this.#failed = false
    const { native } = this.#environment
    this.#environment.sends.flush()
    let accepted = null
    while (!accepted) accepted = checked(() => native.accept(this.#id, FOR_EVER.slice()), this.#address)
    const { fd, address } = accepted
    if (!this.#authentication) return this.#connection({ fd, legacy: false, address })
    this.#lastAccepted = address
    const known = shakeHandsSync(fd, 'accept', this.#address, this.#authentication, new Deadline(Infinity))
    return this.#connection({ ...known, address })
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
   * Stops listening, and removes the socket file that it made. Calls of `accept` that wait reject with a
   * `ConnectionClosedError`; connections that were accepted live on.
   */
  close(): Promise<void> {
    if (this.closed) return Promise.resolve()
    disown(this.#owned)
    this.#resource.release()
    clearTimeout(this.#room)
    for (const handshake of this.#handshakes) handshake.abandon()
    this.#handshakes.clear()
    for (const pending of this.#pending.splice(0)) {
      pending.settled?.()
      pending.reject(closedError())
    }
    this.#tellWaits()
    this.#updateAwaited()
    return Promise.resolve()
  }

  /** Waiting for peers keeps the event loop alive, as it does from the start. */
  ref(): this {
    this.#registration.reference(true)
    return this
  }

  /** Waiting for peers no longer keeps the event loop alive. */
  unref(): this {
    this.#registration.reference(false)
    return this
  }

  /** Where to connect to: the path, or the host and port in numbers. */
  get address(): Address {
    return this.#address
  }

  /** Where the last accepted connection came from; the empty string for a Unix peer without a name. */
  get lastAccepted(): Address | undefined {
    return this.#lastAccepted
  }

  /** The file descriptor. It stays the listener's. */
  get fd(): number {
    this.#assertOpen()
    return this.#environment.native.descriptor(this.#id)
  }

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
  readonly [source]: Source = {
    arm: () => {
      this.#wanted = true
      if (!this.closed) this.#serve()
    },
    isReady: (blocking) => {
      this.#assertOpen()
      if (blocking && this.#wants) this.#serve(blocking)
      return this.#resource.admitted.length > 0 || this.#failed
    },
    subscribe: (listener) => {
      this.#waits.add(listener)
      this.#updateAwaited()
    },
    unsubscribe: (listener) => {
      this.#waits.delete(listener)
      this.#updateAwaited()
    },
  }

  /** Whether a peer has to be accepted: for a call of `accept`, or since `wait` has to know of one that would be. */
  get #wants(): boolean {
    return this.#pending.length > 0 || (this.#wanted && this.#resource.admitted.length === 0 && !this.#failed)
  }

  /** Gives peers to the calls that wait for them. */
  #serve(blocking = false): void {
    this.#deliver()
    const { reads } = this.#environment
    while (this.#mayAccept && this.#wants) {
      if (reads.spent && !blocking) {
        this.#goOnLater()
        break
      }
      reads.spend(ACCEPT_COST)
      if (this.#handshakes.size >= HANDSHAKES_MAX && !this.#makeRoom()) break
      if (!this.#acceptOne()) break
      this.#deliver()
    }
    this.#tellWaits()
    if (this.#wants) this.#registration.arm()
    this.#updateAwaited()
  }

  /** Tells the calls of `wait` that an `accept` would not wait, or that the listener is closed. */
  #tellWaits(): void {
    if (this.#resource.admitted.length === 0 && !this.#failed && !this.closed) return
    this.#wanted = false
    for (const tell of this.#waits) tell(this[source])
  }

  #goOnLater(): void {
    if (this.#deferred) return
    this.#deferred = true
    this.#environment.reads.defer(this.#watcher)
  }

  /** Accepts a peer, if one is there; false where there is nothing to do but wait. */
  #acceptOne(): boolean {
    try {
      const accepted = checked(() => this.#environment.native.accept(this.#id, 0), this.#address)
      if (!accepted) {
        this.#mayAccept = false
        return false
      }
      const { fd, address } = accepted
      if (this.#authentication) this.#shakeHands(fd, address, this.#authentication)
      else this.#resource.admitted.push({ fd, legacy: false, address })
      return true
    } catch (error) {
      if (outOfDescriptors(error) && this.#handshakes.size > 0) return this.#makeRoom()
      // It would be the same for all of them, and nothing would come to tell them to try again. A call of `accept` would not wait.
      this.#failed = this.#pending.length === 0
      for (const pending of this.#pending.splice(0)) {
        pending.settled?.()
        pending.reject(error)
      }
      return false
    }
  }

  #shakeHands(fd: number, address: Address, how: Authentication): void {
    const handshake = new Handshake(fd, 'accept', this.#address, how, {
      done: ({ fd: known, legacy }) => {
        this.#handshakes.delete(handshake)
        this.#resource.admitted.push({ fd: known, legacy, address })
        this.#serve()
      },
      failed: (error) => {
        this.#handshakes.delete(handshake)
        this.#goOnLater()
        // A caller's handler does nothing, and throws nothing, in the middle of accepting.
        queueMicrotask(() => this.emit('authenticationFailure', error as CaromError, address))
      },
    })
    this.#handshakes.add(handshake)
    handshake.ready()
  }

  /** Ends the oldest handshake if it has had its time; if not, goes on when it has, or when any has ended. */
  #makeRoom(): boolean {
    const [oldest] = this.#handshakes
    if (!oldest) return true
    const left = oldest.started + GRACE - now()
    if (left <= 0) {
      oldest.expire()
      return true
    }
    // A call that waits in accept keeps the event loop alive.
    this.#room ??= setTimeout(() => {
      this.#room = undefined
      this.#serve()
    }, left).unref()
    return false
  }

  #deliver(): void {
    while (this.#pending.length > 0) {
      const admitted = this.#resource.admitted.shift()
      if (!admitted) return
      const pending = this.#pending.shift()
      pending?.settled?.()
      pending?.resolve(this.#connection(admitted))
    }
  }

  #connection<R = TRecv, S = TSend>({ fd, legacy, address }: Admitted): Connection<R, S> {
    this.#lastAccepted = address
    return Connection.adopt(fd, this.#options, { legacy, accepted: true })
  }

  /** @internal */
  [inspection](depth: number, options: InspectOptions): string {
    const { address, closed, lastAccepted } = this
    const state = {
      ...(closed ? { closed } : { fd: this.fd }),
      address,
      authenticated: this.#authentication !== undefined,
      codec: typeof this.#options.codec === 'object' ? 'custom' : (this.#options.codec ?? 'structured'),
      accepting: this.#pending.length || undefined,
      handshakes: this.#handshakes.size || undefined,
      admitted: this.#resource.admitted.length || undefined,
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
      describe: (carrier) => this.#describe(carrier),
      // It goes on here too: several processes may accept from one, and whoever made its socket file removes it.
      handOver: () => {},
    }
  }

  #describe(carrier: string | undefined): Described {
    this.#assertOpen()
    const { authkey: _, codec = 'structured', ...rest } = this.#options
    const key = this.#authentication?.key
    if (typeof codec === 'object') {
      throw new TypeError('a listener with a codec of your own can only be handed over by its descriptor and fromFd()')
    }
    if (carrier === undefined) return { ...rest, codec, key: key && Buffer.from(key).toString('base64') }
    if (key !== undefined) {
      throw new TypeError(
        "a listener with an authkey can't go in a message, since its key would go along: send a Handle of its fd, and have the receiver call Listener.fromFd() with the key",
      )
    }
    if (codec !== carrier) {
      throw new TypeError(
        `a listener with the codec '${codec}' can't go by a connection with the codec '${carrier}', since it would arrive with that one: make both with the same codec, or send a Handle of its fd`,
      )
    }
    if (!isNonblocking(this.fd)) {
      throw new TypeError(
        "a listener whose socket is in blocking mode can't go in a message, since it would block its receiver: send a Handle of its fd",
      )
    }
    return {}
  }

  #assertOpen(): void {
    if (this.closed) throw closedError()
  }

  /** While somebody waits, the listener lives, whoever refers to it; and the event loop goes on. */
  #updateAwaited(): void {
    this.#registration.awaited = this.#pending.length > 0 || this.#waits.size > 0
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

/** The description of a listener that goes to another process: nothing in a message. */
type Described = Omit<ListenerOptions, 'authkey'> & { key?: string | undefined }

onArrival('listener', {
  fromMessage({ fd, isListener }, _described, carrier: Settings) {
    if (!isListener) {
      throw new TypeError(
        'the descriptor that the message calls a listener is not a listening stream socket in non-blocking mode: it is closed',
      )
    }
    return new Listener(new Inherited(fd, true), optionsOf(carrier))
  },
  fromParent: (fd, { key, ...options }: Described) =>
    Listener.fromFd(fd, { ...options, ...(key !== undefined && { authkey: Buffer.from(key, 'base64') }) }),
  discard: (listener: Listener) => void listener.close(),
})

function closedError(): ConnectionClosedError {
  return new ConnectionClosedError('the listener is closed')
}

function outOfDescriptors(error: unknown): boolean {
  const errno = error instanceof SystemError ? -error.errno : 0
  return errno === constants.errno.EMFILE || errno === constants.errno.ENFILE
}
