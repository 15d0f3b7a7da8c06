import { integer } from '../api/arguments.js'
import { type Environment, type Watcher, environmentOf } from './environment.js'
import { NOTHING, checked, systemError } from '../native/status.js'
import { watch } from './watch.js'
import type { Listener, Source } from './waitable.js'

/** A descriptor that somebody else owns, to wait on once. */
export class DescriptorSource implements Source, Watcher {
  readonly #environment: Environment
  readonly #id: number
  readonly #listeners = new Set<Listener>()
  #watched = false
  #reported = false

  constructor(fd: number) {
    integer('a descriptor', fd, 0, 0x7fffffff)
    this.#environment = environmentOf()
    this.#id = checked(() => this.#environment.native.openWatched(fd))
    this.#environment.add(this.#id, this)
  }

  arm(): void {
    if (this.#watched) return
    if (!watch(this.#environment, this.#id, false, false)) this.#reported = true
    this.#watched = true
  }

  isReady(): boolean {
    if (!this.#reported) return false
    // A report is a hint, and the caller has nothing else to go by.
    const status = this.#environment.native.poll(this.#id, false, 0)
    if (status < NOTHING) throw systemError(status, 'poll')
    this.#reported = status !== NOTHING
    return this.#reported
  }

  subscribe(listener: Listener): void {
    if (this.#listeners.size === 0) this.#environment.hold()
    this.#listeners.add(listener)
  }

  unsubscribe(listener: Listener): void {
    if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#environment.release()
  }

  ready(): void {
    this.#reported = true
    for (const listener of this.#listeners) listener(this)
  }

  close(): void {
    this.#environment.remove(this.#id)
    this.#environment.native.close(this.#id, this.#watched)
  }
}
