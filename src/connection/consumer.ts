import type { AsyncResource } from 'node:async_hooks'

import { asyncHooks } from '../native/builtins.js'
import type { Receive } from './receive.js'

/** A call of `forEach`: takes one message after the other, until the end. */
export class Consumer {
  readonly how: Receive
  readonly done: Promise<void>
  /** The callback has returned a promise: the next message waits for it. */
  busy = false
  /** Nothing is expected: it takes what comes all the same, keeps nothing alive, and gives way to any other receive. */
  idle = false
  /** Why it ends behind the message that is being received. */
  ending: { reason: unknown } | undefined
  /** Removes what listens for its being aborted. */
  settled: (() => void) | undefined
  readonly #callback: (value: unknown) => unknown
  /** A callback runs in the context of the call, not of whatever has brought its message. */
  readonly #context: AsyncResource
  #resolve!: () => void
  #reject!: (error: unknown) => void

  constructor(how: Receive, callback: (value: unknown) => unknown) {
    this.how = how
    this.#callback = callback
    this.#context = new (asyncHooks().AsyncResource)('CaromForEach')
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** Runs `loop`, which hands out messages, in the context of the call. */
  run(loop: () => void): void {
    this.#context.runInAsyncScope(loop)
  }

  /** Hands out a message. Returns what has to be waited for before the next one, if anything. */
  call(value: unknown): PromiseLike<unknown> | undefined {
    const result = this.#callback(value)
    if (typeof result !== 'object' || result === null) return undefined
    return typeof (result as Partial<PromiseLike<unknown>>).then === 'function'
      ? (result as PromiseLike<unknown>)
      : undefined
  }

  resolve(): void {
    this.settled?.()
    this.#resolve()
  }

  reject(error: unknown): void {
    this.settled?.()
    this.#reject(error)
  }
}
