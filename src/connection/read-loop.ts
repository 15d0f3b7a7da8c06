import { MessageTooLongError } from '../api/errors.js'
import { Deadline, FOR_EVER } from '../event-loop/blocking.js'
import type { Environment } from '../event-loop/environment.js'
import type { Deferred } from '../event-loop/read-budget.js'
import type { Registration } from '../event-loop/registration.js'
import { NOTHING, systemError } from '../native/status.js'
import type { ArrivedDescriptors } from './arrived-descriptors.js'
import type { Reader } from './reader.js'
import type { Receive } from './receive.js'

/**
 * How much of the kernel's bytes a call reads. `turn`: this turn's share, and the rest in the next turn. `again`: the same, but the
 * caller is not called in the next turn. `all`: blocking calls, which have the turn for themselves.
 */
export type Share = 'turn' | 'again' | 'all'

/** The owner of a read loop. */
export interface ReadLoopOwner {
  /** Throws if this program has closed the connection. */
  assertOpen(): void
  /** A message was too long: nothing behind it can be received. */
  onRefused(): void
  /** A new turn has begun: deferred calls may continue. */
  serve(): void
}

/** Reads until a message is here, as far as a call may read or wait, and takes it. */
export class ReadLoop implements Deferred {
  readonly reader: Reader
  messages = 0
  bytes = 0
  readonly #environment: Environment
  readonly #id: number
  readonly #registration: Registration
  readonly #descriptors: ArrivedDescriptors
  readonly #owner: ReadLoopOwner
  #deferred = false

  constructor(
    environment: Environment,
    id: number,
    reader: Reader,
    registration: Registration,
    descriptors: ArrivedDescriptors,
    owner: ReadLoopOwner,
  ) {
    this.#environment = environment
    this.#id = id
    this.reader = reader
    this.#registration = registration
    this.#descriptors = descriptors
    this.#owner = owner
  }

  /** Whether a message may be taken, for a call that can wait: the kernel is asked only where it may have something. */
  mayTake(how: Receive): boolean {
    if ((this.reader.settled || this.read('turn', how)) && this.#environment.reads.mayDeliver()) return true
    if (this.reader.settled) this.#defer()
    return false
  }

  /** Whether a message is here, or in the kernel, for a call that doesn't wait. */
  look(share: Share, how?: Receive): boolean {
    const { reader } = this
    if (reader.settled) return true
    // An unsent message may be the request for the awaited answer, or be addressed to another end in this process.
    this.#environment.sends.flush()
    reader.readable = true
    return this.read(share, how)
  }

  /** Blocks until a receive would not wait, up to `milliseconds`. False where the time is up. */
  block(how: Receive | undefined, milliseconds: number): boolean {
    const { reader } = this
    const environment = this.#environment
    const deadline = milliseconds === Infinity ? FOR_EVER : new Deadline(milliseconds)
    while (!this.read('all', how, environment.sends.blocked > 0 ? undefined : deadline)) {
      if (deadline.expired()) return false
      if (environment.sends.blocked === 0 || reader.readable) continue
      // Other connections' bytes are waiting for room: keep sending them while this call waits.
      this.arm()
      environment.wait(deadline.slice())
    }
    return true
  }

  /**
   * Reads until a message or the end has arrived; returns false if the kernel has nothing more. With a deadline, each read waits
   * until the kernel has something, or for a time slice.
   */
  read(share: Share, how?: Receive, deadline?: Deadline): boolean {
    const { reader } = this
    const { reads } = this.#environment
    for (;;) {
      if (reader.settled) return true
      if (how?.maxLength !== undefined && reader.announced > how.maxLength) {
        throw this.#refuse(reader.announced, how.maxLength)
      }
      if (deadline) {
        if (reader.read(deadline.slice(), how?.target, Infinity) === 0) return reader.settled
      } else if (!reader.readable) {
        return false
      } else if (share === 'all') {
        reader.read(0, how?.target, Infinity)
      } else {
        if (reads.spent && !(share === 'again' && reads.mayReadAgain())) {
          if (share === 'turn') this.#defer()
          return false
        }
        reads.spend(reader.read(0, how?.target, reads.left))
      }
    }
  }

  /** Without reading: whether the kernel has bytes, or the end, or a receive has something of them already. */
  bytesAreThere(milliseconds: number): boolean {
    if (this.reader.settled) return true
    const status = this.#environment.native.poll(this.#id, false, milliseconds)
    if (status < NOTHING) throw systemError(status, 'poll')
    return status !== NOTHING
  }

  /** Like `bytesAreThere`, but blocks for up to `milliseconds`, and keeps sending other connections' bytes meanwhile. */
  blockForBytes(milliseconds: number): boolean {
    const environment = this.#environment
    environment.sends.flush()
    const deadline = new Deadline(milliseconds)
    for (;;) {
      const others = environment.sends.blocked > 0
      if (this.bytesAreThere(others ? 0 : deadline.slice())) return true
      if (deadline.expired()) return false
      if (others) {
        this.#registration.watch(false)
        environment.wait(deadline.slice())
      }
    }
  }

  /** Has the reactor report what arrives from now on, and what is there already. */
  arm(): void {
    // A file that can't be watched is always ready.
    if (!this.#registration.arm()) this.reader.readable = true
  }

  /** Takes the message or the fault that is here. */
  take(how: Receive): unknown {
    const { reader } = this
    const { inbox } = reader
    if (!inbox.peek()) throw this.#fault()
    const { chunk, start, end } = inbox
    const length = end - start
    if (how.maxLength !== undefined && length > how.maxLength) throw this.#refuse(length, how.maxLength)
    inbox.take()
    const number = reader.lost + this.messages++
    this.bytes += length
    return reader.descriptors
      ? this.#descriptors.take(how.take, number, chunk, start, end)
      : how.take(chunk, start, end)
  }

  #fault(): Error {
    this.#owner.assertOpen()
    const fault = this.reader.takeFault()
    if (fault instanceof MessageTooLongError) this.#owner.onRefused()
    return fault
  }

  /** A message is too long: as in CPython, nothing can be received behind it. */
  #refuse(length: number, maxLength: number): Error {
    const error = new MessageTooLongError(length, maxLength, 'maxLength')
    this.reader.abandon(error)
    this.#owner.onRefused()
    return error
  }

  /** Schedules the waiting calls for the next turn. */
  #defer(): void {
    if (this.#deferred) return
    this.#deferred = true
    this.#environment.reads.defer(this)
  }

  resume(): void {
    this.#deferred = false
    this.#owner.serve()
  }
}
