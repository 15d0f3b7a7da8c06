import { type Address, checkedAddress, shown } from '../api/address.js'
import { abortSignal, integer, invalidType, options } from '../api/arguments.js'
import { authentication, type AuthenticationOptions } from '../api/authentication.js'
import type { ConnectOptions } from '../api/connect-options.js'
import { ConnectionClosedError } from '../api/errors.js'
import type { OptionNames } from '../api/option-names.js'
import { PickleCodec } from '../codecs/pickle/coder.js'
import type { PickleOptions } from '../codecs/pickle/options.js'
import { checkedNames, type Keywords, malformed, PROXY } from './messages.js'
import { MethodCalls } from './method-calls.js'
import { Pinned } from './pinned.js'
import { type AnyManagerProxy, type ManagerProxy, proxyOf, referenceOf } from './proxy.js'
import { type Home, Reference } from './reference.js'
import { outgoing, RefusedProxy, ReplyReader, resultOf } from './replies.js'
import { ServerPeer } from './server-peer.js'
import { ManagerSession } from './session.js'
import { isSameAddress, Token } from './token.js'

/**
 * @example
 * ```ts
 * import { connectManager, ManagerServer } from 'carom/managers'
 *
 * await using server = new ManagerServer('./manager.sock', { authkey: 'secret', objects: { table: () => new Map() } })
 * await using manager = await connectManager(server.address, {
 *   authkey: 'secret',
 *   signal: AbortSignal.timeout(5000),
 *   retry: true,
 *   addresses: ['./other-name.sock'],
 *   connections: 16,
 *   maxMessageSize: 1024 * 1024,
 *   pickle: { tuples: true },
 * })
 * console.log(manager.address) // ./manager.sock
 * ```
 */
export interface ConnectManagerOptions extends AuthenticationOptions {
  /** The manager's authkey. Required: a manager does whatever its clients ask. */
  authkey: string | ArrayBufferView | ArrayBufferLike
  /** When aborted, gives up connecting: the promise rejects with the signal's reason. Default: none. */
  signal?: AbortSignal | undefined
  /** Whether to keep trying until the manager is listening, as in `connect`. Default `false`. */
  retry?: boolean | undefined
  /**
   * Further addresses that received proxies may name: aliases of this manager's address, or other managers with the same key. A
   * proxy that names any other address is refused: using it would answer a stranger's challenge with the key. Default: none.
   */
  addresses?: readonly Address[] | undefined
  /**
   * How many calls may run at once: each uses its own connection and its own thread in the server. Further calls wait, even behind
   * calls that are themselves blocked, such as a queue's `get`. Calls that are answered within two milliseconds run four at a time,
   * which is fastest with a Python server. Default 256.
   */
  connections?: number | undefined
  /** The longest reply that is accepted, in bytes. Default: the maximum length of a `Buffer`. */
  maxMessageSize?: number | undefined
  /** How Python's objects are read and written. Default: one without a JavaScript counterpart arrives as a `PythonObject`. */
  pickle?: PickleOptions | undefined
}

const OPTIONS: OptionNames<ConnectManagerOptions> = {
  owner: 'connectManager',
  names: {
    authkey: true,
    digests: true,
    dialect: true,
    handshakeTimeout: true,
    signal: true,
    retry: true,
    addresses: true,
    connections: true,
    maxMessageSize: true,
    pickle: true,
  },
}

/** How long `close` waits for a server that doesn't answer, in milliseconds. */
const CLOSE_MAX = 5000

/** A server's objects, and the connections to it. */
interface Site extends Home {
  readonly peer: ServerPeer
}

/**
 * A client's view of a `multiprocessing` manager: one in Python, or a `ManagerServer`.
 *
 * A proxy refers to an object in the manager. Its reference is released by `using`, by the garbage collector, or by `close`.
 *
 * @example
 * ```ts
 * import { connectManager, ManagerServer } from 'carom/managers'
 *
 * class Stack {
 *   readonly #items: unknown[] = []
 *   push(item: unknown) {
 *     this.#items.push(item)
 *   }
 *   pop() {
 *     return this.#items.pop()
 *   }
 * }
 * await using server = new ManagerServer(undefined, {
 *   authkey: 'secret',
 *   objects: { stack: () => new Stack() },
 *   allowShutdown: true,
 * })
 * const manager = await connectManager(server.address, { authkey: 'secret' })
 * const stack = await manager.create<Stack>('stack')
 * await stack.push('red')
 * console.log(await stack.pop(), await manager.numberOfObjects()) // red 1
 * console.log(typeof (await manager.debugInfo())) // string
 * await manager.shutdown() // ends the server, for all of its clients
 * await manager.close()
 * ```
 *
 * @example Using the objects of a Python manager
 * ```ts
 * import { Process } from 'carom'
 * import { connectManager } from 'carom/managers'
 *
 * const python = new Process(new URL('./shop.py', import.meta.url), { target: 'serve', daemon: true })
 * await python.start()
 * const manager = await connectManager('./shop.sock', { authkey: 'secret', retry: true })
 * const prices = await manager.create('prices')
 * await prices.update({ cue: 80, chalk: 2 })
 * console.log(await manager.getValue(prices)) // { cue: 80, chalk: 2 }
 * const copy = await manager.decode(manager.encode({ prices })) // what another client would get
 * console.log(Object.keys(copy as object)) // [ 'prices' ]
 * await manager.close()
 * ```
 *
 * ```python
 * # shop.py
 * from multiprocessing.managers import BaseManager, DictProxy
 *
 * class Shop(BaseManager):
 *     pass
 *
 * Shop.register('prices', dict, DictProxy)
 *
 * def serve():
 *     Shop('./shop.sock', b'secret').get_server().serve_forever()
 * ```
 */
export class Manager implements AsyncDisposable {
  readonly #address: Address
  readonly #codec: PickleCodec
  readonly #options: ConnectOptions
  readonly #connections: number
  readonly #reader: ReplyReader
  readonly #allowed: readonly Address[]
  readonly #sites = new Map<string, Site>()
  #closed = false

  /** @internal */
  constructor(address: Address, given: Omit<ConnectManagerOptions, 'signal' | 'retry'>) {
    const { addresses = [], connections = 256, pickle, ...rest } = given
    if (!Array.isArray(addresses)) throw invalidType('addresses', 'an array of addresses', addresses)
    this.#address = checkedAddress(address, undefined)
    this.#allowed = [this.#address, ...addresses.map((each: unknown) => checkedAddress(each, undefined))]
    this.#connections = integer('connections', connections, 1, 65_536)
    this.#codec = new PickleCodec(outgoing(pickle))
    this.#options = { ...rest, descriptors: false }
    this.#reader = new ReplyReader(pickle, (token, exposed) => this.#accept(token, exposed))
  }

  /** The manager's address. */
  get address(): Address {
    return this.#address
  }

  get #own(): ServerPeer {
    return this.#site(this.#address).peer
  }

  /**
   * Creates an object of a registered type in the manager, as `manager.typeid(*args, **kwargs)` does in Python. The manager keeps
   * the object for as long as any client refers to it.
   */
  create(typeid: string, args?: readonly unknown[], kwargs?: Keywords): Promise<AnyManagerProxy>
  create<Methods>(typeid: string, args?: readonly unknown[], kwargs?: Keywords): Promise<ManagerProxy<Methods>>
  async create(typeid: string, args: readonly unknown[] = [], kwargs: Keywords = {}): Promise<unknown> {
    if (typeof typeid !== 'string') throw invalidType('typeid', 'the name of a registered type', typeid)
    if (!Array.isArray(args)) throw invalidType('args', 'an array', args)
    if (typeof kwargs !== 'object' || kwargs === null || Array.isArray(kwargs)) {
      throw invalidType('kwargs', 'an object', kwargs)
    }
    const made = await this.#control('create', [typeid, ...(args as unknown[])], kwargs)
    if (!Array.isArray(made) || made.length !== 2 || typeof made[0] !== 'string') {
      throw malformed('what was created must be a tuple of an id and names')
    }
    const [id, exposed] = made as [string, unknown]
    return proxyOf(new MethodCalls(this.#counted(this.#site(this.#address), typeid, id, checkedNames(exposed))))
  }

  /**
   * Calls `use` with a session, which makes all its calls over one connection. To Python they come from one thread, which can
   * therefore own an `RLock` or a `Condition`. The connection is closed afterwards; a lock that is still held stays locked.
   */
  async session<T>(use: (session: ManagerSession) => T | PromiseLike<T>): Promise<T> {
    if (typeof use !== 'function') throw invalidType('use', 'a function', use)
    this.#assertOpen()
    const session = new ManagerSession(async (home) => new Pinned(await (home as Site).peer.open()))
    try {
      return await use(session)
    } finally {
      await session.end()
    }
  }

  /** Returns a copy of the object that `proxy` refers to, as Python's `proxy._getvalue()` does. */
  async getValue(proxy: object): Promise<unknown> {
    const reference = referenceOf(proxy)
    if (!reference) throw invalidType('proxy', 'the proxy of a manager', proxy)
    return new MethodCalls(reference).begin('#GETVALUE', [], undefined)
  }

  /**
   * Pickles a value, which may contain proxies, as Python's `pickle.dumps` does. The pickle is for another client of the manager,
   * such as a connected Python program. The objects live at least as long as this program keeps its proxies.
   */
  encode(value: unknown): Buffer {
    return this.#codec.encode(value)
  }

  /**
   * Unpickles a value from another client of the manager, which may contain proxies: `pickle.dumps((dict, queue))`. The other
   * client must keep its own proxies until this resolves.
   */
  async decode(bytes: ArrayBufferView): Promise<unknown> {
    if (!ArrayBuffer.isView(bytes)) throw invalidType('bytes', 'a Uint8Array', bytes)
    this.#assertOpen()
    const { value, arrived } = this.#reader.decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    await this.#count(arrived)
    return value
  }

  /** How many objects the manager holds, for all clients together. */
  async numberOfObjects(): Promise<number> {
    return Number(await this.#control('number_of_objects', []))
  }

  /** The manager's own listing of its objects and their reference counts. */
  async debugInfo(): Promise<string> {
    return String(await this.#control('debug_info', []))
  }

  /** Shuts the manager's server down, for all of its clients. */
  async shutdown(): Promise<void> {
    await this.#control('shutdown', [])
    await this.close()
  }

  /**
   * Releases all references and closes the connections; pending calls reject. Waits at most five seconds for a server that doesn't
   * answer. Safe to call twice.
   */
  async close(): Promise<void> {
    this.#closed = true
    const sites = [...this.#sites.values()]
    for (const { peer } of sites) peer.pool.close(closed())
    await Promise.all(sites.map(({ peer }) => peer.giveBackAll(CLOSE_MAX)))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** @internal Sends a first request, which proves that a manager is there and has the key. */
  async greet(first: ConnectOptions): Promise<void> {
    await this.#own.control('dummy', [], undefined, first)
  }

  #assertOpen(): void {
    if (this.#closed) throw closed()
  }

  async #control(name: string, args: readonly unknown[], kwargs?: Keywords): Promise<unknown> {
    this.#assertOpen()
    return this.#own.control(name, args, kwargs)
  }

  #site(address: Address): Site {
    const key = shown(address)
    let site = this.#sites.get(key)
    if (!site) {
      const encode = (message: unknown): Buffer => this.#codec.encode(message)
      const peer = new ServerPeer(address, this.#options, this.#connections, encode, (reply) =>
        resultOf(this.#reader.read(reply)),
      )
      site = { peer, connections: peer.pool, encode, result: (reply) => this.#result(reply, site!) }
      this.#sites.set(key, site)
    }
    return site
  }

  #accept(token: Token, exposed: readonly string[] | undefined): Reference {
    if (!this.#allowed.some((allowed) => isSameAddress(allowed, token.address))) {
      throw new RefusedProxy(
        `a proxy of '${token.typeid}' at ${shown(token.address)} is refused: the manager is at ${shown(this.#address)}; if that is trusted with the key, too, name it in addresses`,
      )
    }
    const site = this.#site(token.address)
    return new Reference(token, exposed ?? [], site.peer.claim(token.id), site)
  }

  #counted(site: Site, typeid: string, id: string, exposed: readonly string[]): Reference {
    const { peer } = site
    return new Reference(new Token(typeid, peer.address, id), exposed, peer.claim(id).counted(), site)
  }

  async #result(bytes: Buffer, site: Site): Promise<unknown> {
    const reply = this.#reader.read(bytes)
    if (reply.arrived.length > 0) await this.#count(reply.arrived)
    if (reply.kind !== PROXY) return resultOf(reply)
    const { value } = reply
    const [exposed, token] = Array.isArray(value) ? (value as unknown[]) : []
    if (!(token instanceof Token)) throw malformed('a result that stays there has no token')
    // The object is in the server that was called, whatever address its token names.
    return proxyOf(new MethodCalls(this.#counted(site, token.typeid, token.id, checkedNames(exposed))))
  }

  /** Makes the server count references before anyone can use them. */
  async #count(arrived: readonly Reference[]): Promise<void> {
    await Promise.all(
      arrived.map(async (reference) => {
        const { token, home, claim } = reference
        const { peer } = home as Site
        await peer.control('incref', [token.id])
        claim.counted()
        if (reference.exposed.length > 0) return
        reference.exposed = checkedNames(await peer.control('get_methods', [token.toPython()]))
      }),
    )
  }
}

function closed(): ConnectionClosedError {
  return new ConnectionClosedError('the manager is closed: this program closed its connections to it')
}

/**
 * Connects to a manager: Python's `multiprocessing.managers`, or a `ManagerServer`. Resolves when the manager has answered.
 *
 * @example
 * ```ts
 * import { connectManager, ManagerServer } from 'carom/managers'
 *
 * class Model {
 *   predict(x: number) {
 *     return 2 * x
 *   }
 * }
 * await using server = new ManagerServer(undefined, { authkey: 'secret', objects: { model: () => new Model() } })
 * await using manager = await connectManager(server.address, { authkey: 'secret' })
 * const model = await manager.create<Model>('model')
 * console.log(await model.predict(21)) // 42
 * ```
 */
export async function connectManager(address: Address, given: ConnectManagerOptions): Promise<Manager> {
  const { signal, retry, ...rest } = options(given, OPTIONS)
  abortSignal(signal)
  if (!authentication(rest))
    throw invalidType('authkey', 'a string or bytes, and not empty: every manager has one', undefined)
  const manager = new Manager(address, rest as ConnectManagerOptions)
  await manager.greet({
    ...(signal !== undefined && { signal }),
    ...(retry !== undefined && { retry }),
  })
  return manager
}
