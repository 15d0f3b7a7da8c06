import { ENDED, NativeReactor, READABLE, type Transfer, WRITABLE } from '../native/binding.js'
import { Memory } from '../connection/memory.js'
import type { Sender } from '../connection/sender.js'
import { systemError } from '../native/status.js'
import { nextTick, queueMicrotask, setImmediate } from './timers.js'

/** How much is read at a time, and staged before it leaves, in bytes. */
export const SLAB: number = 64 * 1024

/** How much is read at a time at most, where long messages are expected. */
export const READ_MAX: number = 1024 * 1024

/** How many outgoing slabs are lent at most, to connections that have sent something in this turn. */
const SLABS_LENT = 16

/** How many reports of readiness one call brings. */
const REPORTS = 1024

/** How many reads a turn of the event loop may do beyond those that readiness asks for, before timers get their turn. */
const READS_PER_TURN = 16

/** Announced but unreceived bytes that are granted memory at once, all connections together. */
const CLAIMS = 64 * 1024 * 1024

/** Who is told when a descriptor may be ready. */
export interface Watcher {
  /** `ended`: nothing more will arrive, and no other report will say so. */
  ready(readable: boolean, writable: boolean, ended: boolean): void
}

/** Who receives a long message at a time. */
export interface Claimant {
  /** The bytes that were granted memory before they had arrived. */
  claimed: number
}

/** libuv's poll handles work in Node itself; Bun aborts on them, Deno's stop after one event. */
function driver(): 'uv' | 'thread' {
  const forced = process.env['CAROM_DRIVER']
  if (forced === 'uv' || forced === 'thread') return forced
  const node = process.versions['node'] && !process.versions['bun'] && !('Deno' in globalThis)
  return node && process.platform !== 'win32' ? 'uv' : 'thread'
}

/**
 * What the connections of one JavaScript environment (the main thread, or a worker) share: the native reactor, the slab
 * that is lent for each read, the slabs that are lent for sending, and the event loop's attention.
 */
class Environment {
  /** The slab that every read goes to. What is kept of it is copied out before the next one. */
  readonly slab: Memory = new Memory(Buffer.allocUnsafeSlow(SLAB))
  /** What a native receive reports: five numbers, and the ends of the runs, of which any two have more than 32 KiB. */
  readonly report: Float64Array = new Float64Array(5 + (2 * READ_MAX) / (32 * 1024) + 2)
  readonly native: NativeReactor
  /** The calls that every message makes. */
  readonly transfer: Transfer
  /** What else is done before the process exits. */
  readonly atExit: Set<() => void> = new Set()
  /** How many connections have bytes that wait for room in the kernel. */
  blockedSenders = 0
  /** Goes on when the event loop calls, and when what was staged has left: as often as is known for nothing. */
  turn = 0
  /** Who is told, by number: those that are alive because of it, and behind them all that may be collected meanwhile. */
  readonly #watchers: (Watcher | undefined)[] = []
  readonly #idle: (WeakRef<Watcher> | undefined)[] = []
  readonly #reports = new Uint32Array(REPORTS * 2)
  readonly #slabs: Buffer[] = []
  #staged: Sender[] = []
  #flushing = false
  #dispatching = false
  #holds = 0
  #reads = READS_PER_TURN
  #deferred: Watcher[] = []
  #claimed = 0
  readonly #spins: number[] = []
  /** The native side holds this weakly, as it does `#reports`: of a realm that is gone, nothing is left. */
  readonly #onReports = (count: number): void => {
    this.#reads = READS_PER_TURN
    this.turn++
    this.#dispatch(count)
  }

  constructor() {
    this.native = new NativeReactor(driver(), this.#reports, this.#onReports)
    this.transfer = this.native.transfer()
    // What was sent before the process exits leaves, as far as the kernel takes it without waiting.
    process.on('exit', () => {
      this.flush()
      for (const leave of this.atExit) leave()
    })
  }

  /** Tells `watcher` when the descriptor behind `id` may be ready. */
  add(id: number, watcher: Watcher): void {
    this.#watchers[id] = watcher
  }

  /** As `add`, but `watcher` is told only as long as it lives for another reason, and while it is kept. */
  addIdle(id: number, watcher: Watcher): void {
    this.#idle[id] = new WeakRef(watcher)
  }

  /** Keeps the watcher behind `id` alive, which is `watcher`, or no longer does. */
  keep(id: number, watcher: Watcher | undefined): void {
    this.#watchers[id] = watcher
  }

  remove(id: number): void {
    this.#watchers[id] = undefined
    this.#idle[id] = undefined
  }

  /** Waits for readiness in place of the event loop; a negative time is for ever. */
  wait(milliseconds: number): void {
    // A caller's code may wait while it is told of something: what it has not been told of yet must not be overwritten.
    const untold = this.#dispatching ? this.#reports.slice() : undefined
    const count = this.native.wait(milliseconds)
    if (count < 0) throw systemError(count, 'epoll_wait')
    this.#dispatch(count)
    if (untold) this.#reports.set(untold)
  }

  #dispatch(count: number): void {
    const [reports, nested] = [this.#reports, this.#dispatching]
    this.#dispatching = true
    for (let i = 0; i < count * 2; i += 2) {
      const [id, bits] = [reports[i] ?? 0, reports[i + 1] ?? 0]
      try {
        const watcher = this.#watchers[id] ?? this.#idle[id]?.deref()
        watcher?.ready((bits & READABLE) !== 0, (bits & WRITABLE) !== 0, (bits & ENDED) !== 0)
      } catch (error) {
        // A caller's code has thrown. The other reports must be told nevertheless: they come only once.
        queueMicrotask(() => {
          throw error
        })
      }
    }
    this.#dispatching = nested
  }

  /** Whether this turn may read once more without having been told of readiness. */
  mayRead(): boolean {
    return this.#reads-- > 0
  }

  /** Serves `watcher` in the event loop's next turn: it is readable, but has had its share of this one. */
  defer(watcher: Watcher): void {
    if (this.#deferred.push(watcher) > 1) return
    setImmediate(() => {
      this.#reads = READS_PER_TURN
      const deferred = this.#deferred
      this.#deferred = []
      for (const each of deferred) each.ready(true, false, false)
    })
  }

  /** Keeps the event loop alive until the same number of calls of `release`. */
  hold(): void {
    if (this.#holds++ === 0) this.transfer.keepAlive(true)
  }

  release(): void {
    if (--this.#holds === 0) this.transfer.keepAlive(false)
  }

  /** Lends a slab for what `sender` stages; it leaves when this turn's microtasks are done. */
  lend(sender: Sender): Buffer {
    if (this.#staged.length >= SLABS_LENT) this.flush()
    this.#staged.push(sender)
    if (!this.#flushing) {
      this.#flushing = true
      nextTick(() => {
        this.#flushing = false
        this.turn++
        this.flush()
      })
    }
    return this.#slabs.pop() ?? Buffer.allocUnsafeSlow(SLAB)
  }

  /** Takes back a slab whose bytes have left, or have been copied. */
  takeBack(sender: Sender, slab: Buffer): void {
    this.#slabs.push(slab)
    // Nearly always it was the last to be lent one: `splice` would make the array anew.
    if (this.#staged.at(-1) === sender) this.#staged.pop()
    else this.#staged.splice(this.#staged.indexOf(sender), 1)
  }

  /** Hands what connections have staged to the kernel, as far as it takes it: of all but `except`. */
  flush(except?: Sender): void {
    if (this.#staged.length === (except ? 1 : 0)) return
    for (const sender of this.#staged.slice()) if (sender !== except) sender.push()
  }

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
    return Math.min(announced, Math.max(SLAB, filled) * 2)
  }

  /** The message that was claimed is here, or will not come. */
  settle(claimant: Claimant): void {
    this.#claimed -= claimant.claimed
    claimant.claimed = 0
  }

  /** The event loop spins as long as the open connection asks that asks for the longest. */
  addSpin(microseconds: number): void {
    this.#spins.push(microseconds)
    this.native.spin(Math.max(...this.#spins))
  }

  removeSpin(microseconds: number): void {
    this.#spins.splice(this.#spins.indexOf(microseconds), 1)
    this.native.spin(Math.max(0, ...this.#spins))
  }
}

let environment: Environment | undefined

/** This environment's, made when the first connection is. */
export function environmentOf(): Environment {
  return (environment ??= new Environment())
}

export type { Environment }
