import type { Registration } from '../event-loop/registration.js'
import type { ReceivePath } from './receive-path.js'
import type { SendPath } from './send-path.js'

/**
 * Keeps an unreferenced connection from being collected, and the event loop alive, while a call waits for a message or bytes are
 * unsent. Unsent bytes keep the loop alive only if another process may receive them: if this program is to receive them itself,
 * its own pending receive does that.
 */
export class Liveness {
  readonly #registration: Registration
  readonly #receiving: ReceivePath
  readonly #sending: SendPath
  #open = true
  /** The other end of a pipe that was made here. */
  #other: WeakRef<Liveness> | undefined
  /** Whether another process may have this end too. */
  #shared = false

  constructor(registration: Registration, receiving: ReceivePath, sending: SendPath) {
    this.#registration = registration
    this.#receiving = receiving
    this.#sending = sending
  }

  /** Records that these are the two ends of one pipe, and that no other process has either. */
  static pair(one: Liveness, other: Liveness): void {
    one.#other = new WeakRef(other)
    other.#other = new WeakRef(one)
  }

  /** A call has begun to wait or has stopped, or bytes have begun to wait for room, or none do any more. */
  update(): void {
    const { awaited } = this.#receiving
    const { blocked } = this.#sending
    this.#registration.inVain = blocked && !awaited && this.#isOwnPeer
    this.#registration.awaited = this.#open && (awaited || blocked)
  }

  /** From now on, another process may have this end too. */
  share(): void {
    this.#shared = true
    this.#other?.deref()?.update()
  }

  /** The descriptor is closed, or given up. */
  end(): void {
    this.#open = false
    this.update()
    this.#other?.deref()?.update()
  }

  /** Whether only this program can receive what this end sends: it alone has the pipe's other end. */
  get #isOwnPeer(): boolean {
    const other = this.#other?.deref()
    return other !== undefined && other.#open && !other.#shared
  }
}
