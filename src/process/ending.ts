import { constants } from 'node:os'

import { closeDescriptor } from '../native/numbers.js'
import { exitOf } from '../native/binding.js'
import { Deadline } from '../event-loop/blocking.js'
import { DescriptorSource } from '../event-loop/descriptor.js'
import { environmentOf } from '../event-loop/environment.js'
import { SystemError } from '../api/errors.js'
import { checked } from '../native/status.js'

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

/** A process's descriptors are closed a moment before it has ended for `waitid`: that long at most. */
const MOMENT = 1000

/** The end of a child, from a descriptor whose other end only the child has. */
export class Ending {
  /** Readable when the child has ended, and ever after. */
  readonly fd: number
  readonly #pid: number
  #source: DescriptorSource | undefined
  #closed = false

  constructor(fd: number, pid: number) {
    this.fd = fd
    this.#pid = pid
  }

  /** To wait on. */
  get source(): DescriptorSource {
    return (this.#source ??= new DescriptorSource(this.fd))
  }

  /** How the child has ended, if it has; `REAPED` where somebody else knows. */
  look(): Exit | undefined {
    return this.#exit(this.#source?.isReady() ? MOMENT : 0)
  }

  /** Blocks until the child has ended, up to `milliseconds`. */
  wait(milliseconds: number): Exit | undefined {
    const environment = environmentOf()
    const deadline = new Deadline(milliseconds)
    // What was sent before may be what the child is waiting for.
    environment.flush()
    this.source.arm()
    environment.wait(0)
    while (!this.source.isReady()) {
      if (deadline.expired()) return undefined
      environment.wait(deadline.slice())
    }
    return this.#exit(MOMENT)
  }

  #exit(milliseconds: number): Exit | undefined {
    const exit = this.#exitOf(milliseconds)
    if (!exit) return undefined
    if (exit === REAPED) return REAPED
    const signal = Object.entries(constants.signals).find(([, number]) => number === exit.signal)?.[0]
    return { code: exit.code ?? null, signal: (signal as NodeJS.Signals | undefined) ?? null }
  }

  #exitOf(milliseconds: number): ReturnType<typeof exitOf> | typeof REAPED {
    try {
      return checked(() => exitOf(this.#pid, milliseconds))
    } catch (error) {
      if (error instanceof SystemError && error.errno === -constants.errno.ECHILD) return REAPED
      throw error
    }
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#source?.close()
    closeDescriptor(this.fd)
  }
}
