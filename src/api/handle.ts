import { fstatSync } from 'node:fs'
import type { InspectOptions } from 'node:util'

import { closeAside, closeDescriptor } from '../native/numbers.js'
import { integer } from './arguments.js'
import { inspection, shownAs } from './inspection.js'
import { onArrival } from '../wire/arrived.js'
import { inJson, type Transfer, type Transferable, transfer } from '../wire/transferable.js'

/**
 * An open descriptor of any kind, wrapped so that it can be handed to another process: in the arguments of a `Process`, or in a
 * value that is sent over a Unix connection. It arrives as a `Handle` of the same open file.
 *
 * The caller keeps the descriptor from which it is made, and may close it at any time once it has been handed over. The one that
 * arrives is the receiver's, which closes it with `close()`, or gives its `fd` to an owner that does.
 *
 * @example
 * ```ts
 * import { openSync, readFileSync, writeSync } from 'node:fs'
 * import { Handle, pipe } from 'carom'
 *
 * const [here, there] = pipe<{ log: Handle }>()
 * await here.send({ log: new Handle(openSync('log.txt', 'a')) })
 * const { log } = await there.recv()
 * writeSync(log.fd, 'written by the receiver')
 * log.close()
 * console.log(readFileSync('log.txt', 'utf8')) // written by the receiver
 * ```
 */
export class Handle implements Transferable {
  /** The descriptor. */
  readonly fd: number
  #closed = false

  /** `fd`: an open descriptor. */
  constructor(fd: number) {
    this.fd = integer('fd', fd, 0, 0x7fffffff)
  }

  /**
   * Closes the descriptor, once: its number may soon be reused. Close one that `node:fs` has opened with `node:fs`: when a worker
   * that opened it ends, Node closes the number again.
   */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    closeDescriptor(this.fd)
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** The number of a closed one may since have been given to another file. */
  #describe(carrier: string | undefined): object {
    if (this.#closed) throw new Error('the handle is closed: send it before close()')
    // The kernel refuses to send a descriptor that isn't open. Of those that a process is to inherit, it doesn't say which one.
    if (carrier === undefined) assertIsOpen(this.fd)
    return {}
  }

  /** @internal */
  [inspection](depth: number, options: InspectOptions): string {
    return shownAs('Handle', { fd: this.fd }, depth, options)
  }

  /** @internal */
  toJSON(): object {
    return inJson('Handle', { fd: this.fd })
  }

  /** @internal */
  get [transfer](): Transfer {
    return { kind: 'handle', fd: this.fd, describe: (carrier) => this.#describe(carrier), handOver: () => {} }
  }
}

function assertIsOpen(fd: number): void {
  try {
    fstatSync(fd)
  } catch (error) {
    throw new Error(`descriptor ${fd} is not open (EBADF)`, { cause: error })
  }
}

onArrival('handle', {
  fromMessage: ({ fd }) => new Handle(fd),
  fromParent: (fd) => new Handle(fd),
  discard: ({ fd }: Handle) => closeAside([fd]),
})
