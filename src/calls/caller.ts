import { Deferred } from '../event-loop/deferred.js'
import { Call, type CallOwner } from './call.js'
import type { Carrier } from './carrier.js'
import { errorOf } from './errors.js'
import {
  ABORT,
  CALL,
  CREDIT,
  END,
  ERROR,
  ITEM,
  type KeywordArguments,
  type Message,
  malformed,
  RESULT,
  STREAM,
} from './messages.js'
import { inCall } from './unsendable.js'

/** Cancels the streams that nobody can begin to read any more. */
const forgotten = new FinalizationRegistry<() => void>((cancel) => cancel())

/** This end's calls that have no answer yet, or whose stream has not ended. */
export class Caller implements CallOwner {
  readonly #carrier: Carrier
  readonly #calls = new Map<number, Call>()
  /** Streams that nobody has begun to read, by what their calls do when they begin. */
  readonly #unread = new Map<number, WeakRef<Call>>()
  #last = 0
  /** Why no more calls are taken, and what is told when those that were taken are over. */
  #drain: { reason: Error; done: Deferred<void> } | undefined

  constructor(carrier: Carrier) {
    this.#carrier = carrier
  }

  /** How many calls wait for the peer. A stream that nobody reads does not. */
  get active(): number {
    return this.#calls.size
  }

  /** Calls the function `name` of the peer. */
  begin(name: string, args: readonly unknown[], kwargs: KeywordArguments | undefined): Call {
    const id = ++this.#last
    const call = new Call(name, id, this)
    const refusal = this.#carrier.end ?? this.#drain?.reason
    if (refusal) {
      call.fail(refusal)
      return call
    }
    this.#calls.set(id, call)
    const message: Message = kwargs ? [CALL, id, name, args, kwargs] : [CALL, id, name, args]
    this.#carrier.post(message).catch((error: unknown) => {
      this.#forget(id)
      call.fail(inCall(error))
    })
    this.#changed()
    return call
  }

  /** Takes no more calls, because of `reason`; resolves when those that were taken are over. */
  drain(reason: Error): Promise<void> {
    this.#drain ??= { reason, done: new Deferred() }
    this.#changed()
    return this.#drain.done.promise
  }

  /** A call that is not sent, because of `reason`. */
  refused(name: string, reason: unknown): Call {
    const call = new Call(name, ++this.#last, this)
    call.fail(reason)
    return call
  }

  /** Takes an answer. One to a call that nobody waits for any more is dropped. */
  handle(message: Message): void {
    const [kind, id, value] = message
    const call = this.#calls.get(id) ?? this.#unread.get(id)?.deref()
    if (!call) return
    switch (kind) {
      case RESULT:
        this.#forget(id)
        call.answer(value)
        break
      case ERROR: {
        const error = errorOf(value)
        this.#forget(id)
        call.fail(error)
        break
      }
      case STREAM:
        if (call.stream()) this.#leave(id, call)
        break
      case ITEM:
        if (!call.item(value)) throw malformed('an item of a stream that has no credit for it')
        break
      case END:
        if (!call.finish()) throw malformed('the end of a stream that has not begun')
        this.#forget(id)
        break
    }
    this.#changed()
  }

  /** The answer to a call can't be decoded. */
  fail(id: number, error: Error): void {
    const call = this.#calls.get(id) ?? this.#unread.get(id)?.deref()
    call?.abandon(error)
  }

  /** The connection has ended: nothing more will be answered. */
  end(why: Error): void {
    const calls = [...this.#calls.values()]
    for (const each of this.#unread.values()) {
      const call = each.deref()
      if (call) calls.push(call)
    }
    this.#calls.clear()
    this.#unread.clear()
    for (const call of calls) call.fail(why)
    this.#changed()
  }

  credit(id: number, count: number): void {
    this.#carrier.tell([CREDIT, id, count])
  }

  cancel(id: number): void {
    const known = this.#calls.has(id) || this.#unread.has(id)
    this.#forget(id)
    if (known) this.#carrier.tell([ABORT, id])
    this.#changed()
  }

  reading(id: number, call: Call): void {
    if (!this.#unread.delete(id)) return
    forgotten.unregister(call)
    this.#calls.set(id, call)
    this.#changed()
  }

  #changed(): void {
    if (this.active === 0) this.#drain?.done.resolve()
    this.#carrier.callsChanged()
  }

  #forget(id: number): void {
    this.#calls.delete(id)
    this.#unread.delete(id)
  }

  /** The call's stream is here, and nobody reads it: it lives as long as somebody could. */
  #leave(id: number, call: Call): void {
    this.#calls.delete(id)
    this.#unread.set(id, new WeakRef(call))
    forgotten.register(call, () => this.cancel(id), call)
  }
}
