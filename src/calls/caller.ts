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

/** Cancels streams whose calls were garbage-collected before anything read them. */
const forgotten = new FinalizationRegistry<() => void>((cancel) => cancel())

/** This end's pending calls: those without an answer, or whose stream has not ended. */
export class Caller implements CallOwner {
  readonly #carrier: Carrier
  readonly #calls = new Map<number, Call>()
  /** Streams that have no reader yet, by the callback that their call runs when reading begins. */
  readonly #unread = new Map<number, WeakRef<Call>>()
  #last = 0
  /** Why no more calls are accepted, and what to call when the pending ones are over. */
  #drain: { reason: Error; done: Deferred<void> } | undefined

  constructor(carrier: Carrier) {
    this.#carrier = carrier
  }

  /** How many calls wait for the peer. A stream without a reader doesn't count. */
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

  /** Refuses further calls with `reason`; resolves when the pending ones are over. */
  drain(reason: Error): Promise<void> {
    this.#drain ??= { reason, done: new Deferred() }
    this.#changed()
    return this.#drain.done.promise
  }

  /** Returns a call that is not sent and fails with `reason`. */
  refused(name: string, reason: unknown): Call {
    const call = new Call(name, ++this.#last, this)
    call.fail(reason)
    return call
  }

  /** Takes an answer. An answer to a call that was given up is dropped. */
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

  /** The connection has ended: no more answers will arrive. */
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

  /** The call's stream has arrived without a reader: keep it for as long as the call is reachable. */
  #leave(id: number, call: Call): void {
    this.#calls.delete(id)
    this.#unread.set(id, new WeakRef(call))
    forgotten.register(call, () => this.cancel(id), call)
  }
}
