import type { Connection } from '../api/connection.js'
import type { Connections } from './connections.js'
import { Crowd, type Turn } from './crowd.js'

/** How many connections are kept for later calls. */
const IDLE_MAX = 16

/** The connections of one server's: as many as calls are under way, up to a limit, and few where they are quick. */
export class Pool implements Connections {
  readonly #open: () => Promise<Connection>
  readonly #limit: number
  readonly #idle: Connection[] = []
  readonly #taken = new Map<Connection, Turn>()
  readonly #crowd = new Crowd()
  /** Those that wait until a connection is given back: they get it, or may open one themselves. */
  readonly #waiting: { go: (connection: Connection | undefined) => void; fail: (error: Error) => void }[] = []
  /** How many there are, those that are being opened included. */
  #count = 0
  #closed: Error | undefined

  constructor(limit: number, open: () => Promise<Connection>) {
    this.#limit = limit
    this.#open = open
  }

  async take(): Promise<Connection> {
    const turn = await this.#crowd.enter()
    try {
      const connection = await this.#find()
      this.#taken.set(connection, turn)
      return connection
    } catch (error) {
      this.#crowd.leave(turn)
      throw error
    }
  }

  give(connection: Connection): void {
    const turn = this.#taken.get(connection)
    this.#taken.delete(connection)
    this.#keep(connection)
    if (turn) this.#crowd.leave(turn)
  }

  /** A connection for one call: one that is there, else another one. */
  async #find(): Promise<Connection> {
    if (this.#closed) throw this.#closed
    const idle = this.#fromIdle()
    if (idle) return idle
    if (this.#count < this.#limit) this.#count++
    else {
      const given = await new Promise<Connection | undefined>((go, fail) => this.#waiting.push({ go, fail }))
      if (given) return given
    }
    try {
      const opened = await this.#open()
      if (!this.#closed) return opened
      await opened.close()
      throw this.#closed
    } catch (error) {
      this.#free()
      throw error
    }
  }

  #keep(connection: Connection): void {
    if (connection.closed || this.#closed) {
      this.#discard(connection)
      return
    }
    const next = this.#waiting.shift()
    if (next) next.go(connection)
    else if (this.#idle.length < IDLE_MAX) this.#idle.push(connection)
    else this.#discard(connection)
  }

  /** Closes all connections: what waits for one, and what waits for a reply, rejects. */
  close(reason: Error): void {
    if (this.#closed) return
    this.#closed = reason
    for (const each of this.#waiting.splice(0)) each.fail(reason)
    for (const each of this.#idle.splice(0)) this.#discard(each)
    for (const each of this.#taken.keys()) each.destroy()
    this.#crowd.open()
  }

  /** One that is there. An idle connection has nothing to say: one that has is at its end. */
  #fromIdle(): Connection | undefined {
    for (let connection = this.#idle.pop(); connection; connection = this.#idle.pop()) {
      if (isQuiet(connection)) return connection
      this.#discard(connection)
    }
    return undefined
  }

  #discard(connection: Connection): void {
    void connection.close()
    this.#free()
  }

  /** There is room for another connection, for which a call may be waiting. */
  #free(): void {
    const next = this.#waiting.shift()
    if (next) next.go(undefined)
    else this.#count--
  }
}

/** Whether the server has not closed the connection, as far as that is known. */
function isQuiet(connection: Connection): boolean {
  try {
    return connection.readable && connection.writable && connection.tryRecvBytes() === undefined
  } catch {
    return false
  }
}
