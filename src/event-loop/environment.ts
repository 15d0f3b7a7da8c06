import { Memory } from '../connection/memory.js'
import { ENDED, NativeReactor, READABLE, REPORT_SIZE, SLAB, type Transfer, WRITABLE } from '../native/binding.js'
import { checked, systemError } from '../native/status.js'
import { MemoryBudget } from './memory-budget.js'
import { Pages } from './pages.js'
import { ReadBudget } from './read-budget.js'
import { SendBuffers } from './send-buffers.js'
import { queueMicrotask } from './timers.js'

/** How many reports of readiness one call brings. */
const REPORTS = 1024

/** The receiver of a descriptor's reports of readiness. */
export interface Watcher {
  /** `ended`: nothing more will arrive, and no other report will say so. */
  ready(readable: boolean, writable: boolean, ended: boolean): void
}

/** Whether the runtime is Node itself, and none that is like it. */
function isNode(): boolean {
  const { node, bun } = process.versions
  return node !== undefined && bun === undefined && !('Deno' in globalThis)
}

/** libuv's poll handles work in Node itself; Bun aborts on them, Deno's stop after one event. */
function driver(): 'uv' | 'thread' {
  const forced = process.env['CAROM_DRIVER']
  if (forced === 'uv' || forced === 'thread') return forced
  return isNode() && process.platform !== 'win32' ? 'uv' : 'thread'
}

/**
 * The state that the connections of one JavaScript environment (the main thread, or a worker) share: the native reactor, whose reports
 * it hands on, and the budgets and buffers of all of them.
 */
class Environment {
  /** The slab that every read goes to. What is kept of it is copied out before the next one. */
  readonly slab: Memory = new Memory(Buffer.allocUnsafeSlow(SLAB))
  /** The report of a native receive. */
  readonly report: Float64Array = new Float64Array(REPORT_SIZE)
  readonly native: NativeReactor
  /** The calls that every message makes. */
  readonly transfer: Transfer
  readonly reads: ReadBudget = new ReadBudget()
  readonly sends: SendBuffers = new SendBuffers()
  readonly memory: MemoryBudget = new MemoryBudget()
  readonly pages: Pages = new Pages(isNode())
  /** Other work to do before the process exits. */
  readonly atExit: Set<() => void> = new Set()
  /** Watchers by number: strong references first, then weak ones. */
  readonly #watchers: (Watcher | undefined)[] = []
  readonly #idle: (WeakRef<Watcher> | undefined)[] = []
  readonly #reports = new Uint32Array(REPORTS * 2)
  #dispatching = false
  #holds = 0
  /** The native side holds this weakly, as it does `#reports`: of a realm that is gone, nothing is left. */
  readonly #onReports = (count: number): void => {
    this.reads.refill()
    this.sends.turn++
    this.#dispatch(count)
  }

  constructor() {
    this.native = checked(() => new NativeReactor(driver(), this.#reports, this.#onReports))
    this.transfer = this.native.transfer()
    // Messages that were sent before the process exits leave, as far as the kernel takes it without waiting.
    process.on('exit', () => {
      this.sends.flush()
      for (const leave of this.atExit) leave()
    })
  }

  /** Tells `watcher` when the descriptor behind `id` may be ready, and keeps it alive meanwhile; `undefined` ends that. */
  keep(id: number, watcher: Watcher | undefined): void {
    this.#watchers[id] = watcher
  }

  /** Like `keep`, but holds `watcher` weakly. */
  addIdle(id: number, watcher: Watcher): void {
    this.#idle[id] = new WeakRef(watcher)
  }

  remove(id: number): void {
    this.#watchers[id] = undefined
    this.#idle[id] = undefined
  }

  /** Waits for readiness in place of the event loop; a negative time is for ever. */
  wait(milliseconds: number): void {
    // A caller's code may wait inside a callback: the reports that have not been dispatched yet must not be overwritten.
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
        // A caller's code has thrown. The other reports must still be dispatched: each comes only once.
        queueMicrotask(() => {
          throw error
        })
      }
    }
    this.#dispatching = nested
  }

  /** Keeps the event loop alive until the same number of calls of `release`. */
  hold(): void {
    if (this.#holds++ === 0) this.transfer.keepAlive(true)
  }

  release(): void {
    if (--this.#holds === 0) this.transfer.keepAlive(false)
  }
}

let environment: Environment | undefined

/** This environment's, made when the first connection is. */
export function environmentOf(): Environment {
  return (environment ??= new Environment())
}

/** Copies what connections have not sent yet of `memory`, which is about to go. */
export function copyUnsent(memory: ArrayBufferLike): void {
  environment?.sends.copy(memory)
}

export type { Environment }
