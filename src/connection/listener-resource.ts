import { closeAside } from '../native/numbers.js'
import { type Address, shown } from '../api/address.js'
import { listenerClose } from '../api/diagnostics.js'
import type { Environment } from '../event-loop/environment.js'
import type { Authenticated } from './handshake.js'
import type { Resource } from '../event-loop/resource.js'

/** A peer that is let in. */
export interface Admitted extends Authenticated {
  address: Address
}

/** The resources that a listener has taken of its environment. */
export class ListenerResource implements Resource {
  /** Authenticated peers that no `accept` has taken yet. */
  readonly admitted: Admitted[] = []
  readonly id: number
  /** Where the listener listens. */
  readonly address: Address
  readonly #environment: Environment
  // Nothing is reported: a call that is pending when the process exits needs no answer.
  readonly #atExit = (): void => this.release()
  #released = false

  constructor(environment: Environment, id: number, address: Address) {
    this.#environment = environment
    this.id = id
    this.address = address
    environment.atExit.add(this.#atExit)
  }

  get owner(): string {
    return `the listener at ${shown(this.address)}`
  }

  /** The descriptor that listens. */
  get fd(): number {
    return this.#environment.native.descriptor(this.id)
  }

  get released(): boolean {
    return this.#released
  }

  /** Closes the socket, and removes its file. */
  release(): void {
    if (this.#released) return
    this.#released = true
    const { native, atExit } = this.#environment
    this.#environment.remove(this.id)
    atExit.delete(this.#atExit)
    native.close(this.id)
    // The messages of their peers are unread, and may be anything.
    closeAside(this.admitted.splice(0).map(({ id }) => native.detach(id)))
    if (listenerClose.observed) listenerClose.publish({ address: this.address })
  }
}
