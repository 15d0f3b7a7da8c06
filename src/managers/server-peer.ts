import type { Address } from '../api/address.js'
import { connect } from '../api/connect.js'
import type { ConnectOptions } from '../api/connect-options.js'
import type { Connection } from '../api/connection.js'
import { clearTimeout, setTimeout } from '../event-loop/timers.js'
import { Claim } from './claim.js'
import { Gate } from './gate.js'
import { type Keywords, request } from './messages.js'
import { Pool } from './pool.js'

/** How many connections are opened at once: a Python server has a backlog of 128 for all of its clients. */
const OPENING_MAX = 16

/** In how many slices it is waited for a server that does not answer. */
const SLICES = 10

/** The name that Python gives the thread that serves a connection. */
const NAME = 'carom'

/** A manager's server, at one address. */
export class ServerPeer {
  readonly address: Address
  readonly pool: Pool
  /** The references that are this program's. */
  readonly claims: Set<Claim> = new Set()
  readonly #options: ConnectOptions
  readonly #encode: (message: unknown) => Buffer
  readonly #read: (reply: Buffer) => unknown
  readonly #opening = new Gate(OPENING_MAX)

  /** How long references are given back to a server that does not answer. */
  readonly #patience = new AbortController()

  /** `read` gives the value of a reply to one of the server's own functions. */
  constructor(
    address: Address,
    options: ConnectOptions,
    limit: number,
    encode: (message: unknown) => Buffer,
    read: (reply: Buffer) => unknown,
  ) {
    this.address = address
    this.#options = options
    this.#encode = encode
    this.#read = read
    this.pool = new Pool(limit, () => this.open())
  }

  /** Calls one of the server's own functions: each has a connection, which the server closes after its reply. */
  async control(name: string, args: readonly unknown[], kwargs?: Keywords, options?: ConnectOptions): Promise<unknown> {
    // The arguments are what they are now, however long it takes to connect.
    const message = this.#encode(request(null, name, args, kwargs))
    return this.#opening.run(async () => {
      const connection = await connect(this.address, { ...this.#options, ...options })
      try {
        await connection.sendBytes(message)
        const reply = await connection.recvBytes(undefined, { signal: options?.signal })
        return this.#read(reply)
      } finally {
        connection.destroy()
      }
    })
  }

  /** A connection for calls of methods, to be served by a thread of its own. */
  open(): Promise<Connection> {
    return this.#opening.run(async () => {
      const connection = await connect(this.address, this.#options)
      try {
        await connection.sendBytes(this.#encode(request(null, 'accept_connection', [NAME])))
        this.#read(await connection.recvBytes())
      } catch (error) {
        connection.destroy()
        throw error
      }
      return connection
    })
  }

  /** A reference to an object, which the server does not count yet. */
  claim(id: string): Claim {
    const { signal } = this.#patience
    return new Claim(this.claims, async () => void (await this.control('decref', [id], undefined, { signal })))
  }

  /**
   * Gives back all references, as long as the server takes no longer than `milliseconds` from one to the next. Time in which this
   * process does not run, as on a machine that is asleep, counts as one slice of that at most.
   */
  async giveBackAll(milliseconds: number): Promise<void> {
    let silent = 0
    const timer = setTimeout(() => {
      if (++silent < SLICES) timer.refresh()
      else this.#patience.abort()
    }, milliseconds / SLICES)
    const answered = (): void => {
      silent = 0
    }
    await Promise.all([...this.claims].map((claim) => claim.giveBack().then(answered)))
    clearTimeout(timer)
  }
}
