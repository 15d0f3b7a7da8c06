import { integer } from '../api/arguments.js'
import { type Environment, type Watcher, environmentOf } from './environment.js'
import { NOTHING, checked, systemError } from '../native/status.js'
import { Registration } from './registration.js'
import type { Listener, Source } from './waitable.js'

/** A descriptor that somebody else owns, to wait on once. */
export class DescriptorSource implements Source, Watcher {
  readonly #environment: Environment
  readonly #id: number
  readonly #listeners = new Set<Listener>()
  readonly #registration: Registration
  #reported = false

  constructor(fd: number) {
    integer('a descriptor', fd, 0, 0x7fffffff)
    this.#environment = environmentOf()
    this.#id = checked(() => this.#environment.native.openWatched(fd))
    this.#registration = new Registration(this.#environment, this.#id, this)
  }

  arm(): void {
    if (!this.#registration.arm()) this.#reported = true
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
    this.#listeners.add(listener)
    this.#registration.awaited = true
  }

  unsubscribe(listener: Listener): void {
    this.#listeners.delete(listener)
    this.#registration.awaited = this.#listeners.size > 0
  }

  ready(): void {
    this.#reported = true
    for (const listener of this.#listeners) listener(this)
  }

  close(): void {
    this.#environment.remove(this.#id)
    this.#environment.native.close(this.#id)
  }
}
