import { os } from '../native/builtins.js'
import { systemError } from '../native/status.js'
import type { Environment, Watcher } from './environment.js'

/**
 * A descriptor's place in the reactor: whether it is watched, and whether somebody waits for it. While somebody does, its watcher
 * lives, whether or not anything else refers to it, and the event loop goes on, unless `reference` says otherwise.
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

  /** Has the descriptor watched for reading, if it isn't yet. False where it can't be, since it is a file that is always ready. */
  arm(): boolean {
    return this.#watched ? this.#watchable : this.watch(this.#writable)
  }

  /** Has the descriptor watched for reading, and for writing where `writable`. Readiness that is there already is reported again. */
  watch(writable: boolean): boolean {
    const status = this.#environment.native.watch(this.#id, writable)
    const error = status === 0 ? undefined : systemError(status, 'epoll_ctl')
    if (error && -error.errno !== os().constants.errno.EPERM) throw error
    this.#watched = true
    this.#watchable = error === undefined
    this.#writable = writable
    return this.#watchable
  }

  /** As `watch`, unless just that is watched for already. */
  watchFor(writable: boolean): void {
    if (!this.#watched || writable !== this.#writable) this.watch(writable)
  }

  /** Whether somebody waits for the descriptor. */
  set awaited(on: boolean) {
    if (on !== this.#awaited) {
      this.#awaited = on
      this.#environment.keep(this.#id, on ? this.#watcher : undefined)
    }
    this.#updateHold()
  }

  /** Whether what is waited for can only be done by this program: the wait is then no reason for the event loop to go on. */
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
