import { callError } from '../api/diagnostics.js'
import type { Connection } from '../api/connection.js'
import { EncodeError } from '../api/errors.js'
import { within } from '../calls/current.js'
import { Running } from '../calls/running.js'
import { ERROR, type Keywords, reply, type Request, RETURN, TRACEBACK, UNSERIALIZABLE } from './messages.js'
import { asError, printed, raised } from './printed.js'
import type { Requests } from './requests.js'
import type { ServedObject, ServedObjects } from './served-objects.js'

/** The methods that Python's proxies call on every object. */
const SHOWN = new Set(['__str__', '__repr__'])

/** A client's connection for calls of methods, which are made one after the other. */
export class ServedClient {
  readonly #connection: Connection
  readonly #objects: ServedObjects
  #running: Running | undefined

  constructor(connection: Connection, objects: ServedObjects) {
    this.#connection = connection
    this.#objects = objects
  }

  /** Answers until the client has gone. */
  async serve(requests: Requests): Promise<void> {
    for (;;) {
      const request = await requests.take()
      if (!request) return
      await this.#answer(request, requests)
    }
  }

  /** Aborts the signal of the call that is under way, if any. */
  abort(reason: unknown): void {
    this.#running?.giveUp(reason)
  }

  async #answer(request: Request, requests: Requests): Promise<void> {
    const answer = await this.#answerTo(request, requests)
    try {
      await this.#connection.send(answer)
    } catch (error) {
      if (error instanceof EncodeError) await this.#connection.send(reply(UNSERIALIZABLE, printed(error)))
    }
  }

  async #answerTo({ ident, name, args, kwargs }: Request, requests: Requests): Promise<unknown> {
    const object = ident === null ? undefined : this.#objects.get(ident)
    if (!object) return reply(TRACEBACK, printed(raised('KeyError', `there is no object with the id '${ident}'`)))
    if (SHOWN.has(name)) return reply(RETURN, `<${object.typeid} object of a carom ManagerServer>`)
    if (!object.functions.has(name)) {
      const known = object.functions.names.join(', ')
      return reply(
        TRACEBACK,
        printed(raised('AttributeError', `'${object.typeid}' has no method '${name}'; there are: ${known}`)),
      )
    }
    try {
      return reply(RETURN, await this.#call(object, name, args, kwargs, requests))
    } catch (error) {
      if (callError.observed) callError.publish({ name, error })
      return reply(ERROR, asError(error))
    }
  }

  async #call(
    { functions }: ServedObject,
    name: string,
    args: unknown[],
    kwargs: Keywords,
    requests: Requests,
  ): Promise<unknown> {
    if (Object.keys(kwargs).length > 0) {
      throw new TypeError(`${name} is a JavaScript method, which takes no arguments by name: pass a dict instead`)
    }
    const running = new Running(this.#connection, 0, name)
    this.#running = running
    // A client sends nothing more until it has the reply: what comes meanwhile is the end.
    requests.whenGone((reason) => running.giveUp(reason))
    try {
      return await within(running, () => functions.call(name, running, args))
    } finally {
      this.#running = undefined
    }
  }
}
