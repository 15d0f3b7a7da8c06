import type { ChildProcess } from 'node:child_process'
import { constants } from 'node:os'

import { NativeChild } from '../native/binding.js'
import { checked } from '../native/status.js'
import { SystemError } from '../api/errors.js'
import { Deadline } from '../event-loop/blocking.js'
import { Deferred } from '../event-loop/deferred.js'
import { DescriptorSource } from '../event-loop/descriptor.js'
import { environmentOf } from '../event-loop/environment.js'
import { clearTimeout, setTimeout } from '../event-loop/timers.js'
import { signalName } from './signals.js'

/** How a process has ended: one of the two is there. */
export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

/**
 * The event loop has reaped the child, and tells in this very turn how it has ended. It reaps all that have ended before it
 * tells of any.
 */
export const REAPED: Exit = { code: null, signal: null }

/**
 * Milliseconds between two looks at a child that has ended and can't be waited for yet: a debugger that traces it learns of
 * its end before its parent does.
 */
const TRACED = 5

/** The longest time that a timer takes, in milliseconds. */
const TIMER_MAX = 0x7fffffff

/** The end of a child. It is known from the process itself, never from a descriptor that the child could close. */
export class Ending {
  readonly #process: ChildProcess
  readonly #child: NativeChild
  readonly #ended = new Deferred<void>()
  #source: DescriptorSource | undefined
  #exit: Exit | undefined
  #closed = false

  /**
   * `process` has just been started. `lifeline` is held open until `close`, and also ends with this thread; it is this object's,
   * unless this throws.
   */
  constructor(process: ChildProcess, lifeline: number | undefined) {
    this.#process = process
    this.#child = checked(() => new NativeChild(process.pid!, lifeline))
  }

  /** The event loop tells how the child has ended. */
  onExit(exit: Exit): void {
    this.#exit ??= exit
    this.#ended.resolve(undefined)
  }

  /** Resolves when the event loop has told. */
  get told(): Promise<void> {
    return this.#ended.promise
  }

  /** Readable when the child has ended, and ever after. It stays this object's. */
  get sentinel(): number {
    return checked(() => this.#child.sentinel())
  }

  /** To wait on. */
  get source(): DescriptorSource {
    return (this.#source ??= new DescriptorSource(this.sentinel))
  }

  /** How the child has ended, if it has; `REAPED` where the event loop knows. Never waits. */
  look(): Exit | undefined {
    if (this.#exit) return this.#exit
    if (this.#closed) return REAPED
    try {
      const exit = checked(() => this.#child.exit())
      if (exit) this.#exit = { code: exit.code ?? null, signal: signalName(exit.signal) }
      return this.#exit
    } catch (error) {
      if (isSystemError(error, constants.errno.ECHILD)) return REAPED
      throw error
    }
  }

  /** Resolves with whether the child has ended within `milliseconds`. */
  async within(milliseconds: number): Promise<boolean> {
    const exit = this.look()
    if (exit === REAPED) await this.#ended.promise
    if (exit) return true
    if (milliseconds === 0) return false
    let timer: NodeJS.Timeout | undefined
    const expired = new Promise<false>((resolve) => {
      if (milliseconds <= TIMER_MAX) timer = setTimeout(resolve, milliseconds, false)
    })
    const ended = await Promise.race([this.#ended.promise, expired])
    clearTimeout(timer)
    return ended !== false
  }

  /** Like `look`, once the child has ended; `undefined` if it has not within `milliseconds`. */
  wait(milliseconds: number): Exit | undefined {
    const environment = environmentOf()
    const deadline = new Deadline(milliseconds)
    // The child may be waiting for something that was sent before.
    environment.sends.flush()
    this.source.arm()
    environment.wait(0)
    for (;;) {
      const exit = this.look()
      if (exit || deadline.expired()) return exit
      environment.wait(this.source.isReady() ? Math.min(TRACED, deadline.left()) : deadline.slice())
    }
  }

  /** Sends a signal, to no process but this one. Nothing happens where it has ended. */
  signal(signal: NodeJS.Signals): void {
    // There are no signals on Windows; libuv knows what comes nearest.
    if (process.platform === 'win32') return void this.#process.kill(signal)
    try {
      checked(() => this.#child.signal(constants.signals[signal]))
    } catch (error) {
      if (!isSystemError(error, constants.errno.ESRCH)) throw error
    }
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#source?.close()
    this.#child.close()
  }
}

function isSystemError(error: unknown, errno: number): boolean {
  return error instanceof SystemError && error.errno === -errno
}
