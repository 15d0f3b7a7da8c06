import type { Address } from '../api/address.js'
import type { Authentication } from '../api/authentication.js'
import { clearTimeout, now, setTimeout } from '../event-loop/timers.js'
import { Handshake } from './handshake.js'
import type { Admitted } from './listener-resource.js'

/** How many handshakes go on at once. */
const HANDSHAKES_MAX = 4096

/**
 * How long a handshake is guaranteed to run, in milliseconds. After that it is ended if another peer needs its place. So a crowd of
 * honest peers gets in one after the other, and silent peers keep honest ones out no longer than this.
 */
const GRACE = 3000

/** The accept path that the handshakes are for. */
export interface HandshakesOwner {
  /** A peer has proved that it knows the key. */
  onProved(peer: Admitted): void
  /** A handshake has failed: its peer is gone, and there is room for another one. */
  onRefused(error: unknown, address: Address): void
  /** After `hasRoom` was false: the oldest handshake may now be ended. */
  onRoom(): void
}

/** A listener's concurrent handshakes: one that stalls delays no other. */
export class Handshakes {
  readonly #address: Address
  readonly #how: Authentication
  readonly #owner: HandshakesOwner
  readonly #going = new Set<Handshake>()
  #timer: NodeJS.Timeout | undefined

  /** `address` is the listener's. */
  constructor(address: Address, how: Authentication, owner: HandshakesOwner) {
    this.#address = address
    this.#how = how
    this.#owner = owner
  }

  /** How many handshakes are in progress. */
  get size(): number {
    return this.#going.size
  }

  /** Begins one with the peer at `address`, whose descriptor it takes. */
  begin(fd: number, address: Address): void {
    const handshake = new Handshake(fd, 'accept', this.#address, this.#how, {
      done: (authenticated) => {
        this.#going.delete(handshake)
        this.#owner.onProved({ ...authenticated, address })
      },
      failed: (error) => {
        this.#going.delete(handshake)
        this.#owner.onRefused(error, address)
      },
    })
    this.#going.add(handshake)
    handshake.ready()
  }

  /** Whether one more may begin: where there are too many, the oldest ends if it has had its time. */
  hasRoom(): boolean {
    return this.#going.size < HANDSHAKES_MAX || this.makeRoom()
  }

  /** Ends the oldest one if it has had its time. If not, `onRoom` is called when it has. */
  makeRoom(): boolean {
    const [oldest] = this.#going
    if (!oldest) return true
    const left = oldest.started + GRACE - now()
    if (left <= 0) {
      oldest.expire()
      return true
    }
    // A call that waits in accept keeps the event loop alive.
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#owner.onRoom()
    }, left).unref()
    return false
  }

  /** Ends all of them without reporting anything. */
  abandon(): void {
    clearTimeout(this.#timer)
    for (const handshake of this.#going) handshake.abandon()
    this.#going.clear()
  }
}
