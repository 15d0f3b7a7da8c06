import { integer } from './arguments.js'
import { type Environment, type Watcher, environmentOf } from './environment.js'
import { NOTHING, checked, systemError } from './status.js'
import { watch } from './watch.js'
import type { Source } from './waitable.js'

/** A descriptor that somebody else owns, to wait on. */
export class DescriptorSource implements Source, Watcher {
  readonly #environment: Environment
  readonly #id: number
  readonly #listeners = new Set<() => void>()
  #watched = false

  constructor(fd: number) {
    integer('a descriptor', fd, 0, 0x7fffffff)
    this.#environment = environmentOf()
    this.#id = checked(() => this.#environment.native.openWatched(fd))
    this.#environment.add(this.#id, this)
  }

  isReady(): boolean {
    const status = this.#environment.native.poll(this.#id, false, 0)
    if (status < NOTHING) throw systemError(status, 'poll')
    return status !== NOTHING
  }

  subscribe(listener: () => void): void {
    if (this.#listeners.size === 0) this.#environment.hold()
    this.#listeners.add(listener)
    this.arm()
  }

  unsubscribe(listener: () => void): void {
    if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#environment.release()
  }

  /** Asks anew where it is watched already: what was there when it was last asked may be there still. */
  arm(): void {
    watch(this.#environment, this.#id, false, this.#watched)
    this.#watched = true
  }

  ready(): void {
    for (const listener of [...this.#listeners]) listener()
  }

  close(): void {
    this.#environment.remove(this.#id)
    this.#environment.native.close(this.#id, this.#watched)
  }
}
