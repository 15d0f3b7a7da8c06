import { abortSignal, boolean, integer, invalid, options } from '../api/arguments.js'
import type { OptionNames } from '../api/option-names.js'
import { Connection } from '../api/connection.js'
import { BusyError } from '../api/errors.js'
import { Functions, hasFunctions } from './functions.js'
import { Server } from './server.js'
import { sessionOf } from './session.js'

/**
 * @example
 * ```ts
 * import { pipe } from 'carom'
 * import { remote, serve } from 'carom/calls'
 *
 * const stopping = new AbortController()
 * const [client, server] = pipe()
 * const serving = serve(server, { add: (a: number, b: number) => a + b }, {
 *   concurrency: 10,
 *   stacks: false,
 *   signal: stopping.signal,
 * })
 * console.log(await remote(client).add(1, 2)) // 3
 * stopping.abort('closing time')
 * await serving.catch((reason: unknown) => console.log(reason)) // closing time
 * ```
 */
export interface ServeOptions {
  /** When aborted, stops serving: the promise rejects with the signal's reason. The connection stays open. Default: none. */
  signal?: AbortSignal | undefined
  /**
   * How many calls run at once. The same number may wait for their turn; any further call is answered with a `BusyError`. Each
   * pending call that this end makes over the connection lets one more run. Default 1000.
   */
  concurrency?: number | undefined
  /**
   * Whether errors are sent with their stacks, which show the peer how this program is built. Default: `true` for pipes and
   * processes, `false` for connections of a listener.
   */
  stacks?: boolean | undefined
}

const OPTIONS: OptionNames<ServeOptions> = {
  owner: 'serve',
  names: { signal: true, concurrency: true, stacks: true },
}

/**
 * Answers the calls that arrive on `connection`, until the peer or this program closes it. For a plain object, peers may call its
 * own functions; `this` inherits from the object and has the call's `signal`. For an instance, they may call the methods that its
 * own class defines; `this` is the instance. Names that begin with `_`, accessors and classes are never called.
 *
 * Rejects with the signal's reason when that is aborted, or with a `ProtocolError` if the peer sends anything but calls; that also
 * ends the connection.
 *
 * @example
 * ```ts
 * import { pipe } from 'carom'
 * import { remote, serve } from 'carom/calls'
 *
 * class Counter {
 *   #count = 0
 *   add(n: number) {
 *     return (this.#count += n)
 *   }
 * }
 * const [client, server] = pipe()
 * const serving = serve(server, new Counter())
 * const counter = remote<Counter>(client)
 * await counter.add(2)
 * console.log(await counter.add(3)) // 5
 * await client.close()
 * await serving // over: the client has closed
 * ```
 */
export function serve(connection: Connection<unknown, never>, functions: object, given?: ServeOptions): Promise<void> {
  const { signal, concurrency = 1000, stacks } = options(given, OPTIONS)
  const served = new Functions(functions)
  const abort = abortSignal(signal)
  const session = sessionOf(connection as Connection)
  const settings = {
    concurrency: integer('concurrency', concurrency, 1, Number.MAX_SAFE_INTEGER),
    stacks: stacks === undefined ? !Connection.isAccepted(connection as Connection) : boolean('stacks', stacks),
  }
  if (session.server) throw new BusyError('the connection is served already: end that by its signal first')
  if (abort?.aborted) return Promise.reject(abort.reason)
  return new Server(session, served, settings).run(abort)
}

/** The first of `candidates` that has functions to serve. */
export function servable(...candidates: unknown[]): object {
  const found = candidates.find((each) => typeof each === 'object' && each !== null && hasFunctions(each))
  if (found === undefined) throw invalid('the module exports no function to serve')
  return found as object
}
