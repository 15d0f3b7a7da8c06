import { os } from '../native/builtins.js'
import { systemError } from '../native/status.js'
import type { Environment, Watcher } from './environment.js'

/**
 * A descriptor's registration with the reactor: whether it is watched, and whether a call waits for it. A pending wait keeps the
 * watcher reachable and, unless `reference` says otherwise, the event loop alive.
 */
export class Registration {
  readonly #environment: Environment
  readonly #id: number
  readonly #watcher: Watcher
  #watched = false
  #watchable = true
  #writable = false
  #awaited = false
  #inVain = false
  #referenced = true
  #held = false

  /** `watcher` gets the descriptor's reports from now on, as long as it lives. */
  constructor(environment: Environment, id: number, watcher: Watcher) {
    this.#environment = environment
    this.#id = id
    this.#watcher = watcher
    environment.addIdle(id, watcher)
  }

  /** Watches the descriptor for reading, if it isn't yet. Returns false for a file, which can't be watched and is always ready. */
  arm(): boolean {
    return this.#watched ? this.#watchable : this.watch(this.#writable)
  }

  /** Watches the descriptor for reading and, if `writable`, for writing. Existing readiness is reported again. */
  watch(writable: boolean): boolean {
    const status = this.#environment.native.watch(this.#id, writable)
    const error = status === 0 ? undefined : systemError(status, 'epoll_ctl')
    if (error && -error.errno !== os().constants.errno.EPERM) throw error
    this.#watched = true
    this.#watchable = error === undefined
    this.#writable = writable
    return this.#watchable
  }

  /** Like `watch`, but does nothing if exactly that is already watched for. */
  watchFor(writable: boolean): void {
    if (!this.#watched || writable !== this.#writable) this.watch(writable)
  }

  /** Whether a call waits for the descriptor. */
  set awaited(on: boolean) {
    if (on !== this.#awaited) {
      this.#awaited = on
      this.#environment.keep(this.#id, on ? this.#watcher : undefined)
    }
    this.#updateHold()
  }

  /** Whether only this program can end the wait: it then doesn't keep the event loop alive. */
  set inVain(on: boolean) {
    if (on === this.#inVain) return
    this.#inVain = on
    this.#updateHold()
  }

  /** Whether a wait for the descriptor keeps the event loop alive, as it does from the start. */
  reference(on: boolean): void {
    this.#referenced = on
    this.#updateHold()
  }

  #updateHold(): void {
    const hold = this.#awaited && this.#referenced && !this.#inVain
    if (hold === this.#held) return
    this.#held = hold
    if (hold) this.#environment.hold()
    else this.#environment.release()
  }
}
