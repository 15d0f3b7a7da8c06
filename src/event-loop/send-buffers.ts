import { SLAB } from '../native/binding.js'
import { nextTick } from './timers.js'

/** The maximum number of slabs on loan to connections that have sent something in this turn. */
const SLABS_LENT = 16

/** Bytes that wait for room in the kernel. */
export interface Waiting {
  /** Copies the unsent bytes that lie in the callers' memory, or in `memory` only, so that the callers may write it again. */
  own(memory?: ArrayBufferLike): void
}

/** A send path that stages messages in a slab. */
export interface Staging {
  /** Hands what is staged to the kernel, as far as it takes it. */
  push(): void
}

/**
 * The slabs in which small messages are staged, so that those of one turn leave together, when its microtasks are done. They are
 * lent to send paths, and used again.
 */
export class SendBuffers {
  readonly #waiting = new Set<Waiting>()
  /** Incremented on every event-loop callback and every flush, wherever that costs nothing extra. */
  turn = 0
  readonly #free: Buffer[] = []
  #staging: Staging[] = []
  #flushing = false

  /** How many connections have bytes that wait for room in the kernel. */
  get blocked(): number {
    return this.#waiting.size
  }

  /** A connection's bytes have begun to wait for room in the kernel. */
  block(bytes: Waiting): void {
    this.#waiting.add(bytes)
  }

  /** The connection's bytes no longer wait. */
  unblock(bytes: Waiting): void {
    this.#waiting.delete(bytes)
  }

  /** Copies the unsent bytes that lie in `memory`. */
  copy(memory: ArrayBufferLike): void {
    for (const bytes of this.#waiting) bytes.own(memory)
  }

  /** Lends a slab for what `path` stages; it leaves when this turn's microtasks are done. */
  lend(path: Staging): Buffer {
    if (this.#staging.length >= SLABS_LENT) this.flush()
    this.#staging.push(path)
    if (!this.#flushing) {
      this.#flushing = true
      nextTick(() => {
        this.#flushing = false
        this.turn++
        this.flush()
      })
    }
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(SLAB)
  }

  /** Takes back a slab whose bytes have left, or have been copied. A program that was blocked has had more than it needs. */
  free(slab: Buffer): void {
    if (this.#free.length < SLABS_LENT) this.#free.push(slab)
  }

  /** Records that nothing is staged for `path` any more. */
  leave(path: Staging): void {
    // Nearly always it was the last to be lent one: `splice` would make the array anew.
    if (this.#staging.at(-1) === path) this.#staging.pop()
    else this.#staging.splice(this.#staging.indexOf(path), 1)
  }

  /** Hands what all send paths but `except` have staged to the kernel, as far as it takes it. */
  flush(except?: Staging): void {
    if (this.#staging.length === 0) return
    for (const path of this.#staging.slice()) if (path !== except) path.push()
  }
}
