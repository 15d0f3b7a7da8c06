import { integer } from '../api/arguments.js'
import { type Environment, type Watcher, environmentOf } from './environment.js'
import { NOTHING, checked, systemError } from '../native/status.js'
import { Registration } from './registration.js'
import type { Listener, Source } from './waitable.js'

/** A descriptor owned by other code, to wait on once. */
export class DescriptorSource implements Source, Watcher {
  readonly #environment: Environment
  readonly #id: number
  readonly #listeners = new Set<Listener>()
  readonly #registration: Registration

  constructor(fd: number) {
    integer('a descriptor', fd, 0, 0x7fffffff)
    this.#environment = environmentOf()
    this.#id = checked(() => this.#environment.native.openWatched(fd))
    this.#registration = new Registration(this.#environment, this.#id, this)
  }

  arm(): void {
    this.#registration.arm()
  }

  isReady(): boolean {
    // A report is only a hint, and one from this turn may not have been dispatched yet.
    const status = this.#environment.native.poll(this.#id, false, 0)
    if (status < NOTHING) throw systemError(status, 'poll')
    return status !== NOTHING
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
    for (const listener of this.#listeners) listener(this)
  }

  close(): void {
    this.#environment.remove(this.#id)
    this.#environment.native.close(this.#id)
  }
}
