import type { Address } from '../api/address.js'
import { type Deadline, sleep } from '../event-loop/blocking.js'
import { type Environment, type Watcher, environmentOf } from '../event-loop/environment.js'
import { checked } from '../native/status.js'
import { clearTimeout, setTimeout } from '../event-loop/timers.js'
import { Registration } from '../event-loop/registration.js'

/** A TCP address in numbers. */
interface Candidate {
  host: string
  port: number
}

/** Options of the connected socket. */
export interface HowToConnect {
  /** Whether a Unix socket takes descriptors from its first byte on. */
  descriptors: boolean
  /** After how many milliseconds TCP asks whether the peer is still there: 0 is the system's time. */
  idle: number | undefined
}

/** How an attempt ended. */
interface ConnectingEnd {
  done(fd: number): void
  failed(error: unknown): void
}

/** A connection that is being made, and that the event loop drives. */
export class Connecting implements Watcher {
  readonly #environment: Environment
  readonly #address: Address
  readonly #id: number
  readonly #end: ConnectingEnd
  readonly #registration: Registration
  #timer: NodeJS.Timeout | undefined

  constructor(address: Address, candidates: Candidate[], how: HowToConnect, end: ConnectingEnd) {
    this.#environment = environmentOf()
    this.#address = address
    this.#id = begin(this.#environment, address, candidates, how)
    this.#end = end
    this.#registration = new Registration(this.#environment, this.#id, this)
    // The call that waits for it keeps the event loop alive.
    this.#registration.reference(false)
    this.#registration.awaited = true
  }

  ready(): void {
    try {
      const { native } = this.#environment
      const { fd, retry } = checked(() => native.connectAdvance(this.#id), this.#address)
      if (typeof fd === 'number') {
        this.abandon()
        this.#end.done(fd)
      } else if (typeof retry === 'number') {
        this.#timer = setTimeout(() => this.ready(), retry)
      } else {
        // Where the next address is tried, the descriptor is another one.
        this.#registration.watch(true)
      }
    } catch (error) {
      this.abandon()
      this.#end.failed(error)
    }
  }

  /** Abandons the attempt: closes its descriptor without reporting anything. */
  abandon(): void {
    clearTimeout(this.#timer)
    this.#environment.remove(this.#id)
    this.#environment.native.close(this.#id)
  }
}

/** Like `Connecting`, but blocks; throws the error that `late` makes if `deadline` passes first. */
export function connectingSync(
  address: Address,
  candidates: Candidate[],
  how: HowToConnect,
  deadline: Deadline,
  late: () => Error,
): number {
  const environment = environmentOf()
  const { native } = environment
  const id = begin(environment, address, candidates, how)
  try {
    for (;;) {
      const { fd, retry } = checked(() => native.connectAdvance(id), address)
      if (typeof fd === 'number') return fd
      if (deadline.expired()) throw late()
      if (typeof retry === 'number') sleep(Math.min(retry, deadline.left()))
      else native.poll(id, true, deadline.slice())
    }
  } finally {
    native.close(id)
  }
}

function begin({ native }: Environment, address: Address, candidates: Candidate[], how: HowToConnect): number {
  return checked(() => native.connectBegin(address, candidates, how.descriptors, how.idle), address)
}
