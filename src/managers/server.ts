import { type Address, shown } from '../api/address.js'
import { boolean, integer, invalidType, options } from '../api/arguments.js'
import { authentication, type AuthenticationOptions } from '../api/authentication.js'
import type { Connection } from '../api/connection.js'
import { ConnectionClosedError } from '../api/errors.js'
import { Listener } from '../api/listener.js'
import type { OptionNames } from '../api/option-names.js'
import { PickleCodec } from '../codecs/pickle/coder.js'
import { type PickleOptions, pickleSettings, type PickleSettings } from '../codecs/pickle/options.js'
import { clearTimeout, setTimeout } from '../event-loop/timers.js'
import { identityOf } from './client-identity.js'
import { MODULE, reply, type Request, RETURN, TRACEBACK } from './messages.js'
import { printed, raised } from './printed.js'
import { PROXY_CLASSES } from './proxy-types.js'
import { Requests } from './requests.js'
import { ServedClient } from './served-client.js'
import { ServedObjects } from './served-objects.js'
import { type ObjectFactory, ServerFunctions } from './server-functions.js'
import { readToken, Token } from './token.js'

/**
 * @example
 * ```ts
 * import { ManagerServer } from 'carom/managers'
 *
 * await using server = new ManagerServer('./manager.sock', {
 *   authkey: 'secret',
 *   objects: { table: () => new Map() },
 *   allowShutdown: false,
 *   objectsPerClient: 100,
 *   connections: 100,
 *   maxMessageSize: 1024 * 1024,
 *   pickle: { naive: true },
 *   backlog: 64,
 *   mode: 0o600,
 *   replace: true,
 * })
 * console.log(server.address, server.numberOfObjects) // ./manager.sock 0
 * ```
 */
export interface ManagerServerOptions extends AuthenticationOptions {
  /** The secret that clients must know. Required: clients create objects here and call their methods. */
  authkey: string | ArrayBufferView | ArrayBufferLike
  /**
   * The types that clients may create, by registered name: `{ model: () => new Model() }`. Each `create` calls the function with
   * the client's arguments; a function that returns an existing object shares it. Clients may call the methods that the object's
   * own class defines, as with `serve` of `carom/calls`.
   */
  objects: Readonly<Record<string, ObjectFactory>>
  /** Whether a client may shut the server down. Default `false`. */
  allowShutdown?: boolean | undefined
  /** How many objects one client may have. A client is a process over a Unix socket, a host over TCP. Default 1000. */
  objectsPerClient?: number | undefined
  /** The maximum number of connections; a Python client opens one per thread. Further ones are closed. Default 1000. */
  connections?: number | undefined
  /** The longest request that is accepted, in bytes. Default: the maximum length of a `Buffer`. */
  maxMessageSize?: number | undefined
  /** How arguments are read and results written. Default: an object without a JavaScript counterpart is refused. */
  pickle?: PickleOptions | undefined
  /** How many connections may wait to be accepted. Default 128. */
  backlog?: number | undefined
  /** The permissions of a Unix socket's file. Default `0o600`, the owner only. */
  mode?: number | undefined
  /** Whether to replace a stale socket file, on which nothing listens any more. Default `false`. */
  replace?: boolean | undefined
}

const OPTIONS: OptionNames<ManagerServerOptions> = {
  owner: 'ManagerServer',
  names: {
    authkey: true,
    digests: true,
    dialect: true,
    handshakeTimeout: true,
    objects: true,
    allowShutdown: true,
    objectsPerClient: true,
    connections: true,
    maxMessageSize: true,
    pickle: true,
    backlog: true,
    mode: true,
    replace: true,
  },
}

/** How long to pause accepting when the process is out of descriptors, in milliseconds. */
const PAUSE = 100

/**
 * Serves objects to clients of `multiprocessing` managers, in Python or through `connectManager`. It listens as soon as it is
 * constructed, and keeps the event loop alive until it is closed.
 *
 * @example
 * ```ts
 * import { spawnSync } from 'node:child_process'
 * import { ManagerServer } from 'carom/managers'
 *
 * class Till {
 *   #sum = 0
 *   add(amount: number) {
 *     return (this.#sum += amount)
 *   }
 * }
 * const till = new Till()
 * const server = new ManagerServer('./till.sock', { authkey: 'secret', objects: { till: () => till } })
 * server.ref().unref() // whether it keeps the program alive: not now
 * console.log(server.numberOfObjects) // 0
 * await server.close()
 * ```
 *
 * ```python
 * # client.py
 * from multiprocessing.managers import BaseManager
 *
 * BaseManager.register('till')
 * manager = BaseManager('./till.sock', b'secret')
 * manager.connect()
 * print(manager.till().add(5))
 * ```
 */
export class ManagerServer implements AsyncDisposable {
  readonly #listener: Listener
  readonly #objects: ServedObjects
  readonly #functions: ServerFunctions
  readonly #allowShutdown: boolean
  readonly #limit: number
  readonly #patience: number
  readonly #connections = new Set<Connection>()
  readonly #clients = new Set<ServedClient>()
  #referenced = true

  /** If `address` is `undefined`, a private one is chosen. */
  constructor(address: Address | undefined, given: ManagerServerOptions) {
    const {
      objects,
      allowShutdown = false,
      objectsPerClient = 1000,
      connections = 1000,
      pickle,
      ...rest
    } = options(given, OPTIONS)
    const how = authentication(rest)
    if (!how)
      throw invalidType(
        'authkey',
        'a string or bytes, and not empty: whoever connects can call what is served',
        undefined,
      )
    this.#patience = how.timeout
    this.#allowShutdown = boolean('allowShutdown', allowShutdown)
    this.#limit = integer('connections', connections, 1, 1_000_000)
    this.#objects = new ServedObjects(integer('objectsPerClient', objectsPerClient, 1, Number.MAX_SAFE_INTEGER))
    this.#functions = new ServerFunctions(this.#objects, factoriesOf(objects))
    this.#listener = new Listener(address, {
      ...rest,
      descriptors: false,
      codec: new PickleCodec(this.#settings(pickle)),
    })
    void this.#accept()
  }

  /** The address to connect to. */
  get address(): Address {
    return this.#listener.address
  }

  /** How many objects the server holds, for all clients together. */
  get numberOfObjects(): number {
    return this.#objects.size
  }

  /** Keeps the event loop alive, as it does by default. */
  ref(): this {
    this.#referenced = true
    this.#listener.ref()
    for (const connection of this.#connections) connection.ref()
    return this
  }

  /** Lets the program exit even though clients may still connect. */
  unref(): this {
    this.#referenced = false
    this.#listener.unref()
    for (const connection of this.#connections) connection.unref()
    return this
  }

  /** Stops listening, closes all connections, and aborts the signals of running calls. Safe to call twice. */
  async close(): Promise<void> {
    await this.#listener.close()
    const reason = new ConnectionClosedError(`the manager server at ${shown(this.address)} was closed`)
    for (const client of this.#clients) client.abort(reason)
    for (const connection of this.#connections) connection.destroy()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** The pickle's settings, with which a proxy of an object in this server is read as the object itself. */
  #settings(pickle: PickleOptions | undefined): PickleSettings {
    const settings = pickleSettings(pickle)
    const rebuild = ([, token]: unknown[]): object => {
      const served = token instanceof Token ? this.#objects.get(token.id) : undefined
      if (!served) throw new Error('a proxy of an object that is not here is refused')
      return served.object
    }
    const classes = new Map([
      ...settings.classes,
      ...PROXY_CLASSES,
      [`${MODULE}.Token`, readToken] as const,
      [`${MODULE}.RebuildProxy`, rebuild] as const,
    ])
    return { ...settings, classes }
  }

  async #accept(): Promise<void> {
    while (!this.#listener.closed) {
      try {
        const connection = await this.#listener.accept()
        if (this.#connections.size < this.#limit)
          void this.#serve(connection, identityOf(connection, this.#listener.lastAccepted))
        else connection.destroy()
      } catch {
        if (!this.#listener.closed) await new Promise((resolve) => setTimeout(resolve, PAUSE))
      }
    }
  }

  async #serve(connection: Connection, owner: string): Promise<void> {
    this.#connections.add(connection)
    if (!this.#referenced) connection.unref()
    try {
      const requests = new Requests(connection)
      const first = await this.#first(connection, requests)
      if (first) await this.#answer(connection, requests, first, owner)
      await connection.close()
    } catch {
      // The client has gone, which doesn't concern the others.
      connection.destroy()
    } finally {
      this.#connections.delete(connection)
    }
  }

  /** Reads a client's first request. A client that sends none in time is disconnected, to make room for others. */
  async #first(connection: Connection, requests: Requests): Promise<Request | undefined> {
    const timer =
      this.#patience === Infinity
        ? undefined
        : setTimeout(() => connection.destroy(), Math.min(this.#patience, 0x7fffffff))
    try {
      return await requests.take()
    } finally {
      clearTimeout(timer)
    }
  }

  async #answer(connection: Connection, requests: Requests, request: Request, owner: string): Promise<void> {
    if (request.name === 'accept_connection') {
      await connection.send(reply(RETURN, null))
      await this.#serveClient(connection, requests)
    } else if (request.name === 'shutdown') await this.#shutDown(connection)
    else await connection.send(await this.#resultOf(request, owner))
  }

  async #resultOf(request: Request, owner: string): Promise<unknown> {
    try {
      return reply(RETURN, await this.#functions.call(request, owner))
    } catch (error) {
      return reply(TRACEBACK, printed(error))
    }
  }

  async #serveClient(connection: Connection, requests: Requests): Promise<void> {
    const client = new ServedClient(connection, this.#objects)
    this.#clients.add(client)
    try {
      await client.serve(requests)
    } finally {
      this.#clients.delete(client)
    }
  }

  async #shutDown(connection: Connection): Promise<void> {
    if (!this.#allowShutdown) {
      await connection.send(
        reply(
          TRACEBACK,
          printed(raised('PermissionError', 'clients may not end this server: it has allowShutdown off')),
        ),
      )
      return
    }
    await connection.send(reply(RETURN, null))
    await connection.close()
    await this.close()
  }
}

function factoriesOf(objects: unknown): Map<string, ObjectFactory> {
  if (typeof objects !== 'object' || objects === null || Array.isArray(objects)) {
    throw invalidType('objects', 'an object of functions by type: { model: () => new Model() }', objects)
  }
  const factories = new Map(Object.entries(objects))
  for (const [typeid, make] of factories) {
    if (typeof make !== 'function') throw invalidType(`objects.${typeid}`, 'a function that makes an object', make)
  }
  return factories as Map<string, ObjectFactory>
}
