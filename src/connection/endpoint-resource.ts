import { connectionClose } from '../api/diagnostics.js'
import type { Environment } from '../event-loop/environment.js'
import type { Claimant } from '../event-loop/memory-budget.js'
import type { Resource } from '../event-loop/resource.js'

/** The resources that an endpoint has taken of its environment, and gives back when it is closed, or collected. */
export class EndpointResource implements Resource, Claimant {
  claimed = 0
  readonly #fd: number
  readonly #environment: Environment
  readonly #id: number

  constructor(environment: Environment, id: number, fd: number) {
    this.#environment = environment
    this.#id = id
    this.#fd = fd
  }

  get owner(): string {
    return `the connection on descriptor ${this.#fd}`
  }

  /** Gives back all but the descriptor. */
  leave(): void {
    this.#environment.remove(this.#id)
    this.#environment.memory.release(this)
  }

  close(): void {
    this.leave()
    this.#environment.native.close(this.#id)
  }

  release(): void {
    if (connectionClose.observed) connectionClose.publish({ fd: this.#fd, how: 'garbage collection' })
    this.close()
  }
}
