import { onAbort } from '../event-loop/abort.js'
import { isTransferable } from '../wire/transferable.js'
import { callError } from '../api/diagnostics.js'
import { BusyError, EOFError, ProtocolError } from '../api/errors.js'
import { Deferred } from '../event-loop/deferred.js'
import { Call } from './call.js'
import type { Carrier, MessageTaker } from './carrier.js'
import { within } from './current.js'
import { formOf } from './errors.js'
import type { Functions } from './functions.js'
import {
  ABORT,
  CALL,
  checkedCall,
  checkedCredit,
  ERROR,
  type KeywordArguments,
  malformed,
  type Message,
  RESULT,
} from './messages.js'
import { Running } from './running.js'
import { itemsOf, sendItems } from './stream.js'
import { inAnswer } from './unsendable.js'

/** How many calls beyond `concurrency` our own calls may admit: the depth to which functions can call back and forth. */
const NESTED_MAX = 1000

interface Held {
  running: Running
  args: unknown[]
}

export interface ServerSettings {
  concurrency: number
  stacks: boolean
}

/** How many characters an answer quotes of the name that was called, and of the list of known names. */
const NAME_MAX = 100
const NAMES_MAX = 1000

/** This end's functions, and their running calls. */
export class Server implements MessageTaker {
  readonly #carrier: Carrier & { server: MessageTaker | undefined }
  readonly #functions: Functions
  readonly #settings: ServerSettings
  readonly #running = new Map<number, Running>()
  readonly #held = new Map<number, Held>()
  readonly #ended = new Deferred<void>()

  constructor(carrier: Carrier & { server: MessageTaker | undefined }, functions: Functions, settings: ServerSettings) {
    this.#carrier = carrier
    this.#functions = functions
    this.#settings = settings
  }

  /** Serves until the connection ends, or `signal` is aborted. */
  run(signal: AbortSignal | undefined): Promise<void> {
    const { end } = this.#carrier
    if (end) return end instanceof ProtocolError ? Promise.reject(end) : Promise.resolve()
    this.#carrier.server = this
    const forget =
      signal &&
      onAbort(signal, () => {
        this.#carrier.server = undefined
        for (const { running } of this.#held.values()) this.#fail(running, signal.reason)
        this.#held.clear()
        for (const running of this.#running.values()) running.abort(signal.reason)
        this.#ended.reject(signal.reason)
      })
    return forget ? this.#ended.promise.finally(forget) : this.#ended.promise
  }

  end(error?: unknown): void {
    const reason = error ?? new EOFError()
    this.#held.clear()
    for (const running of this.#running.values()) running.giveUp(reason)
    if (error === undefined) this.#ended.resolve()
    else this.#ended.reject(error)
  }

  handle(message: Message): void {
    const [kind, id] = message
    if (kind === CALL) this.#begin(message)
    else if (kind === ABORT) this.#abort(id)
    else {
      const count = checkedCredit(message)
      const running = this.#running.get(id) ?? this.#held.get(id)?.running
      running?.addCredit(count)
    }
  }

  proceed(): void {
    for (const [id, { running, args }] of this.#held) {
      if (this.#running.size >= this.#room) return
      this.#held.delete(id)
      this.#start(running, args)
    }
  }

  /**
   * How many calls may run. Each of our own calls over this connection admits one more: a function that awaits our call may in turn
   * depend on a queued one.
   */
  get #room(): number {
    return this.#settings.concurrency + Math.min(this.#carrier.ownCalls, NESTED_MAX)
  }

  #begin(message: Message): void {
    const { name, args, kwargs } = checkedCall(message)
    const id = message[1]
    if (this.#running.has(id) || this.#held.has(id)) throw malformed(`two calls at once have the id ${id}`)
    const running = new Running(this.#carrier.connection, id, name)
    const wrong = this.#whyNot(name, kwargs)
    if (wrong) this.#carrier.refuse(id, wrong)
    else if (this.#running.size < this.#room) this.#start(running, args)
    else if (this.#held.size < this.#settings.concurrency) this.#held.set(id, { running, args })
    else this.#carrier.refuse(id, this.#busy())
  }

  #whyNot(name: string, kwargs: KeywordArguments | undefined): Error | undefined {
    if (!this.#functions.has(name)) {
      const known = shortened(this.#functions.names.join(', '), NAMES_MAX)
      return new ReferenceError(`there is no function '${shortened(name, NAME_MAX)}' here; there are: ${known}`)
    }
    if (!kwargs) return undefined
    return new TypeError(
      `${name} is a JavaScript function, which takes no arguments by name: pass an object instead of kwargs`,
    )
  }

  #busy(): BusyError {
    const { concurrency } = this.#settings
    return new BusyError(
      `${concurrency} calls run here, and as many wait: call again later, or raise serve's concurrency`,
    )
  }

  #abort(id: number): void {
    this.#held.delete(id)
    this.#running.get(id)?.giveUp(new DOMException('the caller has given the call up', 'AbortError'))
  }

  #start(running: Running, args: unknown[]): void {
    this.#running.set(running.id, running)
    try {
      const result = within(running, () => this.#functions.call(running.name, running, args))
      if (isThenable(result)) void this.#settle(running, result)
      else this.#succeed(running, result)
    } catch (error) {
      this.#fail(running, error)
    }
  }

  async #settle(running: Running, promised: PromiseLike<unknown>): Promise<void> {
    try {
      // A stream from another peer is forwarded as a stream.
      const stream = promised instanceof Call && (await promised.answered()) === 'stream'
      this.#succeed(running, stream ? promised : await promised)
    } catch (error) {
      this.#fail(running, error)
    }
  }

  #succeed(running: Running, result: unknown): void {
    try {
      const items = itemsOf(result)
      if (items) {
        sendItems(running, items, (message) => this.#carrier.post(message)).then(
          () => this.#forget(running),
          (error: unknown) => this.#fail(running, inAnswer(error)),
        )
        return
      }
    } catch (error) {
      this.#fail(running, error)
      return
    }
    const { id } = running
    this.#answer(running, result === undefined ? [RESULT, id] : [RESULT, id, result])
  }

  /** Sends the last message of a call, or, if that can't be sent, an error that says so. */
  #answer(running: Running, message: Message): void {
    if (running.givenUp) {
      this.#forget(running)
      return
    }
    this.#carrier.post(message).then(
      () => this.#forget(running),
      (error: unknown) => this.#fail(running, inAnswer(error)),
    )
  }

  #fail(running: Running, error: unknown): void {
    if (callError.observed) callError.publish({ name: running.name, error })
    if (running.givenUp) {
      this.#forget(running)
      return
    }
    void this.#tellError(running, error)
  }

  async #tellError(running: Running, error: unknown): Promise<void> {
    const { stacks } = this.#settings
    try {
      await this.#carrier.post([ERROR, running.id, formOf(error, stacks, true)])
    } catch {
      await this.#tellPlainly(running, error)
    }
    this.#forget(running)
  }

  /** An error's own fields may hold anything, and a codec may not be able to encode even its text. */
  async #tellPlainly(running: Running, error: unknown): Promise<void> {
    try {
      await this.#carrier.post([ERROR, running.id, formOf(error, this.#settings.stacks, false)])
    } catch (why) {
      const message = `the function has failed, and its error can't be sent: ${shortened(String(why), NAMES_MAX)}`
      this.#carrier.tell([ERROR, running.id, { name: 'Error', message }])
    }
  }

  /** The call is over, and its answer has been handed to the connection. */
  #forget(running: Running): void {
    if (this.#running.get(running.id) === running) this.#running.delete(running.id)
    this.proceed()
  }
}

function shortened(text: string, length: number): string {
  // Never cut a character in half: some codecs can't encode a lone surrogate.
  return text.length <= length ? text : `${text.slice(0, length).replace(/[\ud800-\udbff]$/, '')}…`
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !isTransferable(value) &&
    typeof (value as Partial<PromiseLike<unknown>>).then === 'function'
  )
}
