import type { Connection } from '../api/connection.js'
import { ConnectionClosedError } from '../api/errors.js'
import { Call, type CallOwner } from '../calls/call.js'
import type { Callee } from '../calls/facade.js'
import type { Connections } from './connections.js'
import { isIterable, IteratedResult } from './iterated-result.js'
import { type Keywords, request } from './messages.js'
import type { Reference } from './reference.js'

/** The methods that servers have for every object. */
const OF_ALL: ReadonlySet<string> = new Set(['__str__', '__repr__', '#GETVALUE'])

/** Calls the methods of an object, over connections that are its server's, or a session's. */
export class MethodCalls implements Callee {
  readonly reference: Reference
  readonly #connections: Connections

  constructor(reference: Reference, connections: Connections = reference.home.connections) {
    this.reference = reference
    this.#connections = connections
  }

  begin(name: string, args: readonly unknown[], kwargs: Keywords | undefined): Call {
    const { reference } = this
    if (reference.claim.given) {
      return this.refused(
        name,
        new ConnectionClosedError(`${name}: the proxy was disposed of, and its reference given back`),
      )
    }
    const { token, exposed } = reference
    if (!exposed.includes(name) && !OF_ALL.has(name)) {
      return this.refused(
        name,
        new ReferenceError(`'${token.typeid}' has no method '${name}'; there are: ${exposed.join(', ')}`),
      )
    }
    let message: Buffer
    try {
      // The arguments are what they are now, however long the call waits for a connection.
      message = reference.home.encode(request(token.id, name, args, kwargs))
    } catch (error) {
      return this.refused(name, error)
    }
    const exchange = new Exchange(reference, args, message)
    const call = new Call(name, 0, exchange)
    void exchange.run(this.#connections, call)
    return call
  }

  refused(name: string, reason: unknown): Call {
    const call = new Call(name, 0, IDLE)
    call.fail(reason)
    return call
  }
}

/** Of a call that was not made. */
const IDLE: CallOwner = { credit() {}, cancel() {}, reading() {} }

/** One request and its reply. The reference lives at least as long. */
class Exchange implements CallOwner {
  readonly #reference: Reference
  /** Proxies among them live until the server has had time to count its own. */
  readonly args: readonly unknown[]
  readonly #message: Buffer
  #connection: Connection | undefined
  /** Set if the call itself is iterated over. */
  #iterated: IteratedResult | undefined
  #givenUp = false

  constructor(reference: Reference, args: readonly unknown[], message: Buffer) {
    this.#reference = reference
    this.args = args
    this.#message = message
  }

  credit(_id: number, count: number): void {
    this.#iterated?.addCredit(count)
  }

  reading(): void {
    this.#iterated = new IteratedResult()
  }

  /** Closes the connection, since the reply would be taken for that of the next call. The server goes on until then. */
  cancel(): void {
    this.#givenUp = true
    this.#connection?.destroy()
    this.#iterated?.end()
  }

  async run(connections: Connections, call: Call): Promise<void> {
    let value: unknown
    try {
      value = await this.#reference.home.result(await this.#exchange(connections))
    } catch (error) {
      if (!this.#givenUp) call.fail(error)
      return
    }
    if (this.#givenUp) return
    if (this.#iterated && isIterable(value)) await this.#iterated.send(value, call)
    else call.answer(value)
  }

  async #exchange(connections: Connections): Promise<Buffer> {
    const connection = await connections.take()
    this.#connection = connection
    try {
      if (this.#givenUp) throw new ConnectionClosedError('the call was given up')
      await connection.sendBytes(this.#message)
      return await connection.recvBytes()
    } catch (error) {
      // Nobody knows what comes next.
      connection.destroy()
      throw error
    } finally {
      this.#connection = undefined
      connections.give(connection)
    }
  }
}
