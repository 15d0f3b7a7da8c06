import { SLAB } from '../native/binding.js'

/** How many bytes that were announced and have not arrived are granted memory at once, all connections together. */
const CLAIMS = 64 * 1024 * 1024

/** How many times as much as has arrived is allocated for a message that is granted no more: first, and when this much is here. */
const GROWTH_FIRST = 2
const GROWTH = 8
const MUCH = 1024 * 1024

/** A connection that receives a long message. */
export interface Claimant {
  /** The bytes that were granted memory before they had arrived. */
  claimed: number
}

/** The memory that is allocated for messages that peers have announced. */
export class MemoryBudget {
  #claimed = 0

  /**
   * How many bytes of memory to allocate for a message of `announced` bytes, `filled` of which are here. The announcement
   * is the peer's claim: while few bytes are claimed it is believed, then memory grows with what arrives.
   */
  grant(claimant: Claimant, announced: number, filled: number): number {
    const missing = announced - filled
    if (this.#claimed + missing <= CLAIMS) {
      this.#claimed += missing
      claimant.claimed = missing
      return announced
    }
    return Math.min(announced, Math.max(SLAB, filled) * (filled < MUCH ? GROWTH_FIRST : GROWTH))
  }

  /** The message that was claimed is here, or will not come. */
  release(claimant: Claimant): void {
    this.#claimed -= claimant.claimed
    claimant.claimed = 0
  }
}
