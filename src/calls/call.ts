/** How many items of a stream may be in flight or waiting to be consumed. */
const WINDOW = 32

/** What a call needs of its connection. */
export interface CallOwner {
  /** Lets the stream of the call `id` send `count` more items. */
  credit(id: number, count: number): void
  /** Tells the peer that the caller no longer wants the answer. */
  cancel(id: number): void
  /** Called when a caller begins to read the stream of `call`. */
  reading(id: number, call: Call): void
}

interface Taker {
  resolve: (result: IteratorResult<unknown>) => void
  reject: (error: unknown) => void
}

const DONE: IteratorReturnResult<undefined> = { value: undefined, done: true }

type State = 'waiting' | 'answered' | 'failed' | 'stream'

/**
 * A call of a peer's function that has been sent: await its result, or iterate over what its generator yields. The promise is
 * created on first use, so a call that is iterated over, or ignored, never causes an unhandled rejection.
 *
 * @example
 * ```ts
 * import { pipe } from 'carom'
 * import { type Call, remote, serve } from 'carom/calls'
 *
 * const functions = {
 *   add: (a: number, b: number) => a + b,
 *   *countdown(from: number) {
 *     for (let n = from; n > 0; n--) yield n
 *   },
 * }
 * const [client, server] = pipe()
 * void serve(server, functions)
 * const there = remote<typeof functions>(client)
 * const sum: Call<number, never> = there.add(1, 2) // has been sent
 * console.log(await sum) // 3
 * for await (const n of there.countdown(2)) console.log(n)
 * // 2
 * // 1
 * ```
 */
export class Call<T = unknown, Item = unknown> implements Promise<T>, AsyncIterable<Item> {
  readonly #name: string
  readonly #id: number
  readonly #owner: CallOwner
  #state: State = 'waiting'
  /** The result, or the error. */
  #outcome: unknown
  #promise: Promise<T> | undefined
  #settle: { resolve: (value: T) => void; reject: (error: unknown) => void } | undefined
  #iterated = false
  /** The stream has ended: nothing follows the items that are still queued. */
  #finished = false
  readonly #items: unknown[] = []
  readonly #takers: Taker[] = []
  #credit = 0
  /** Called when the answer has arrived, or never will. */
  #onAnswer: (() => void)[] = []
  #onOver: (() => void) | undefined

  /** @internal */
  constructor(name: string, id: number, owner: CallOwner) {
    this.#name = name
    this.#id = id
    this.#owner = owner
  }

  get [Symbol.toStringTag](): string {
    return 'Call'
  }

  // Called by the program.

  // oxlint-disable-next-line unicorn/no-thenable -- a call is a promise that is made when it is asked for
  then<A = T, B = never>(
    onResult?: ((value: T) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#asPromise().then(onResult, onError)
  }

  catch<B = never>(onError?: ((error: unknown) => B | PromiseLike<B>) | null): Promise<T | B> {
    return this.#asPromise().catch(onError)
  }

  finally(onEnd?: (() => void) | null): Promise<T> {
    return this.#asPromise().finally(onEnd)
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Item> {
    this.#iterate()
    return {
      next: () => this.#next() as Promise<IteratorResult<Item>>,
      return: (value?: unknown) => {
        this.#leave()
        return Promise.resolve({ value: value as undefined, done: true })
      },
      [Symbol.asyncIterator]() {
        return this
      },
    }
  }

  #asPromise(): Promise<T> {
    return (this.#promise ??= new Promise((resolve, reject) => {
      if (this.#state === 'answered') resolve(this.#outcome as T)
      else if (this.#state === 'failed') reject(this.#outcome)
      else if (this.#state === 'stream') reject(this.#isStream())
      else this.#settle = { resolve, reject }
    }))
  }

  /** The caller awaits a call that is a stream, so nothing else will read the stream. */
  #isStream(): TypeError {
    if (!this.#iterated) this.#leave()
    return new TypeError(`${this.#name} gives a stream: write "for await (const item of …${this.#name}(…))"`)
  }

  #iterate(): void {
    if (this.#iterated) return
    this.#iterated = true
    if (this.#state === 'answered' || this.#state === 'failed') return
    this.#owner.reading(this.#id, this as Call)
    this.#credit = WINDOW
    this.#owner.credit(this.#id, WINDOW)
  }

  #next(): Promise<IteratorResult<unknown>> {
    if (this.#items.length > 0) {
      const value = this.#items.shift()
      this.#renewCredit()
      return Promise.resolve({ value, done: false })
    }
    if (this.#finished) return Promise.resolve(DONE)
    if (this.#state === 'failed') {
      this.#finished = true
      return Promise.reject(this.#outcome)
    }
    if (this.#state === 'answered') return Promise.reject(this.#isValue())
    return new Promise((resolve, reject) => this.#takers.push({ resolve, reject }))
  }

  #isValue(): TypeError {
    return new TypeError(`${this.#name} gives one value and no stream: write "await …${this.#name}(…)"`)
  }

  /** Returns credit to the sender for the items consumed, in batches. */
  #renewCredit(): void {
    if (this.#state !== 'stream' || this.#finished || this.#credit + this.#items.length > WINDOW / 2) return
    const count = WINDOW - this.#credit - this.#items.length
    this.#credit += count
    this.#owner.credit(this.#id, count)
  }

  #leave(): void {
    if (this.#finished) return
    this.#finished = true
    this.#items.length = 0
    if (this.#state === 'waiting' || this.#state === 'stream') this.#owner.cancel(this.#id)
    this.#tell(true)
    for (const taker of this.#takers.splice(0)) taker.resolve(DONE)
  }

  // Called for messages from the peer.

  /** @internal */
  answer(value: unknown): void {
    this.#state = 'answered'
    this.#tell(true)
    this.#outcome = value
    this.#settle?.resolve(value as T)
    for (const taker of this.#takers.splice(0)) taker.reject(this.#isValue())
  }

  /** @internal */
  fail(error: unknown): void {
    this.#state = 'failed'
    this.#tell(true)
    this.#outcome = error
    this.#settle?.reject(error)
    const [first, ...others] = this.#takers.splice(0)
    if (!first) return
    this.#finished = true
    first.reject(error)
    for (const taker of others) taker.resolve(DONE)
  }

  /**
   * The result is a stream. Returns whether it has no reader yet.
   *
   * @internal
   */
  stream(): boolean {
    this.#state = 'stream'
    this.#tell(false)
    if (this.#iterated) return false
    if (!this.#settle) return true
    this.#settle.reject(this.#isStream())
    return false
  }

  /**
   * Takes an item of the stream; returns false if the peer had no credit for it.
   *
   * @internal
   */
  item(value: unknown): boolean {
    if (this.#state !== 'stream' || this.#credit === 0) return false
    this.#credit--
    const taker = this.#takers.shift()
    if (taker) {
      taker.resolve({ value, done: false })
      this.#renewCredit()
    } else this.#items.push(value)
    return true
  }

  /**
   * The stream has ended; returns false if there was none.
   *
   * @internal
   */
  finish(): boolean {
    if (this.#state !== 'stream') return false
    this.#finished = true
    this.#tell(true)
    for (const taker of this.#takers.splice(0)) taker.resolve(DONE)
    return true
  }

  /**
   * Gives the call up: every waiting caller gets `error`.
   *
   * @internal
   */
  abandon(error: unknown): void {
    if (this.#state === 'answered' || this.#state === 'failed' || this.#finished) return
    this.#owner.cancel(this.#id)
    this.#items.length = 0
    this.fail(error)
  }

  /**
   * Calls `onOver` when nothing more will arrive.
   *
   * @internal
   */
  whenOver(onOver: () => void): void {
    this.#onOver = onOver
  }

  /**
   * Resolves with the call's state once the answer has arrived.
   *
   * @internal
   */
  async answered(): Promise<State> {
    if (this.#state === 'waiting') await new Promise<void>((resolve) => this.#onAnswer.push(resolve))
    return this.#state
  }

  #tell(over: boolean): void {
    for (const tell of this.#onAnswer.splice(0)) tell()
    if (over) this.#onOver?.()
  }
}
