import { keepFreedMemory, NativePages } from '../native/binding.js'
import { onMainThread, os } from '../native/builtins.js'
import { setTimeout } from './timers.js'

/** From this size on, the allocator gives a block that is freed back to the system, unless it has learned to keep it. */
const LONG = 128 * 1024

/** From this size on, a message lies in pages of carom's; before, in memory of the runtime's. The allocator keeps no block as long. */
const OWN = 32 * 1024 * 1024

/** Whether the allocator has no memory for a message of `size` bytes but fresh pages, which come with the bytes that are written. */
export function isFresh(size: number): boolean {
  return size >= OWN
}

/** The most memory of the pool, lent pages included: these bytes, or this part of the system's memory. */
const MOST = 512 * 1024 * 1024
const PART = 8

/** How long unused memory is kept, in milliseconds. */
const IDLE = 1000

/** The allocator is the process's, and learns once. */
let learned = false

/**
 * Memory for long messages that has been used before: the kernel needs several times as long to make fresh pages as to fill them.
 * `carom-node/src/pages.rs` says which memory that is, and why.
 */
export class Pages {
  readonly #exists: boolean
  /** Created on the main thread only: see `pages.rs`. */
  #native: NativePages | undefined
  #used = false
  #timed = false

  /** `exists`: this runtime is one that can have memory that is not its own. */
  constructor(exists: boolean) {
    this.#exists = exists
  }

  /**
   * Memory for a message of `size` bytes, where it is not to be the runtime's own. Its pages come with the bytes that are written,
   * or hold those of an older message, which nobody may see. With `onlyUsed`, there is none but the latter: a program that blocks
   * gives nothing back.
   */
  lend(size: number, onlyUsed: boolean): ArrayBuffer | undefined {
    if (size < LONG || !this.#exists) return undefined
    if (!learned) {
      learned = true
      keepFreedMemory()
    }
    if (size < OWN || !onMainThread()) return undefined
    this.#native ??= new NativePages(Math.min(MOST, systemMemory() / PART))
    const memory: Transferred | null = this.#native.lend(size, onlyUsed)
    if (!memory) return undefined
    this.#used = true
    if (!this.#timed) this.#trimWhenIdle()
    // V8 collects young buffers when many bytes of them are there, but looks at that only when it makes memory itself.
    // oxlint-disable-next-line no-new -- it is what V8 does meanwhile that is wanted
    new ArrayBuffer(1)
    // Node lets no program transfer memory that it was given, and keeps an eye on it, for which V8 takes it for used until it is old.
    // Neither holds for the buffer that the memory is moved to.
    return memory.transfer ? memory.transfer() : memory
  }

  #trimWhenIdle(): void {
    this.#timed = true
    this.#used = false
    setTimeout(() => {
      this.#timed = false
      if (this.#used) this.#trimWhenIdle()
      else this.#native?.trim()
    }, IDLE).unref()
  }
}

/** Node 20 can't move memory. */
interface Transferred extends ArrayBuffer {
  transfer?: () => ArrayBuffer
}

/** The memory that this process may have, in bytes. */
function systemMemory(): number {
  const limit = process.constrainedMemory()
  const all = os().totalmem()
  return limit > 0 ? Math.min(limit, all) : all
}
