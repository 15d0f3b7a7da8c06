import { constants } from 'node:buffer'
import type { InspectOptions } from 'node:util'

import { integer, invalid, invalidType, options } from '../api/arguments.js'
import { CaromError } from '../api/errors.js'
import { inspection, shownAs } from '../api/inspection.js'
import { type OptionNames, owned } from '../api/option-names.js'
import { copyUnsent } from '../event-loop/environment.js'
import {
  checkSharedMemoryName,
  createSharedMemory,
  openSharedMemory,
  type Segment,
  unlinkSharedMemory,
} from '../native/binding.js'
import { checked } from '../native/status.js'
import { inJson } from '../wire/transferable.js'
import { segmentBrand } from '../wire/segment-brand.js'

/**
 * Options of `SharedMemory.create`.
 *
 * @example
 * ```ts
 * import { SharedMemory } from 'carom/shared-memory'
 *
 * const memory = SharedMemory.create(4096, { name: `example-${process.pid}` })
 * console.log(memory.name === `example-${process.pid}`, memory.size) // true 4096
 * memory.unlink()
 * memory.close()
 * ```
 */
export interface SharedMemoryOptions {
  /** The name, without a slash. Default: one that nobody has, such as `psm_1f2e3d4c`. */
  name?: string | undefined
}

const CREATE: OptionNames<SharedMemoryOptions> = owned('SharedMemory.create', { name: true })

/**
 * A named segment of memory, the same as Python's `multiprocessing.shared_memory.SharedMemory`: one process makes it, others open it
 * by its name, and all of them read and write the same bytes.
 *
 * It can be sent in messages of the codecs `'structured'` and `'pickle'` over local connections, and arrives closed, as its name:
 * `open()` maps it, which is the program's decision. In Python, it arrives as a `SharedMemory`, open.
 *
 * It is for processes that trust each other. Whoever can open a segment can make its file shorter, which ends every process that
 * touches what was cut off, or change bytes while they are read. Nothing in the memory says when it may be read: a message does.
 *
 * The name stays until somebody calls `unlink()`, even when no process has the segment open; on Windows, until no process has.
 *
 * @example
 * ```ts
 * import { pipe } from 'carom'
 * import { SharedMemory } from 'carom/shared-memory'
 *
 * const [here, there] = pipe<SharedMemory>()
 * const frame = SharedMemory.create(1024)
 * new Uint8Array(frame.buffer).fill(255)
 * await here.send(frame) // its name: the bytes stay where they are
 *
 * const arrived = await there.recv()
 * console.log(arrived.closed, arrived.open().size) // true 1024
 * console.log(new Uint8Array(arrived.buffer)[1023]) // 255
 * arrived.close()
 * frame.close()
 * frame.unlink()
 * ```
 */
export class SharedMemory {
  readonly #name: string
  #size = 0
  #buffer: ArrayBuffer | undefined
  /** Of the mapping, while this object is open. */
  #segment: Segment | undefined

  private constructor(name: string, segment?: Segment) {
    if (typeof name !== 'string') throw new TypeError('a SharedMemory is made by SharedMemory.create() or open()')
    this.#name = name
    if (segment) this.#use(segment)
  }

  /**
   * Makes a segment of `size` bytes, all of them 0, and maps it. The system has the memory for it from now on: where there is no
   * room, this is a `SystemError` with the code `ENOSPC`; where the name is taken, `EEXIST`. Only processes of this user can open
   * it.
   */
  static create(size: number, given?: SharedMemoryOptions): SharedMemory {
    integer('size', size, 1, Number.MAX_SAFE_INTEGER)
    const { name } = options(given, CREATE)
    if (name !== undefined) checkName(name)
    const segment = checked(() => createSharedMemory(name, size, constants.MAX_LENGTH))
    return new SharedMemory(segment.name, segment)
  }

  /** Maps an existing segment, all of it. Where there is none of that name, this is a `SystemError` with the code `ENOENT`. */
  static open(name: string): SharedMemory {
    return SharedMemory.named(name).open()
  }

  /**
   * One that is not open yet.
   *
   * @internal
   */
  static named(name: string): SharedMemory {
    return new SharedMemory(checkName(name))
  }

  /** The name, without a slash. */
  get name(): string {
    return this.#name
  }

  /**
   * How many bytes it has: as many as the system says, whatever a peer has said; 0 before it was first opened. The system may have
   * made a segment that was opened larger than its maker asked for: macOS and Windows make whole pages.
   */
  get size(): number {
    return this.#size
  }

  /** Whether it is not mapped by this object: it has arrived in a message, or was closed. */
  get closed(): boolean {
    return this.#segment === undefined
  }

  /**
   * The memory itself: what is written here, other processes see at once, and the other way round. After `close()`, it is detached.
   * Throws where it was never opened.
   */
  get buffer(): ArrayBuffer {
    if (this.#buffer) return this.#buffer
    throw new CaromError(
      `the shared memory ${this.name} has arrived in a message, and is closed: open() maps it`,
      'ERR_CAROM_SHARED_MEMORY_CLOSED',
    )
  }

  /** Maps the segment if it is closed, as `SharedMemory.open` does, into a new `buffer`. Returns this object. */
  open(): this {
    if (this.closed) this.#use(checked(() => openSharedMemory(this.name, constants.MAX_LENGTH)))
    return this
  }

  #use(segment: Segment): void {
    this.#segment = segment
    this.#buffer = segment.buffer
    this.#size = segment.buffer.byteLength
  }

  /**
   * Detaches `buffer`. Its mapping ends as soon as no other `ArrayBuffer` has it, to which it was transferred, and at once where there
   * is none. Messages that are being sent from it are sent nevertheless; one that is being received into it is lost. The segment
   * stays, under its name.
   *
   * An object that is not closed, and nobody's any more, ends its mapping when its buffer is collected.
   */
  close(): void {
    const segment = this.#segment
    if (!segment) return
    this.#segment = undefined
    copyUnsent(segment.buffer)
    checked(() => segment.mapping.detach(segment.buffer))
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /**
   * Removes the name: nobody can open the segment any more. Who has it open goes on using it, and its memory is given back when nobody
   * has. To be called once, by one of the processes that share it; the next call is a `SystemError` with the code `ENOENT`. On
   * Windows, nothing happens.
   */
  unlink(): void {
    checked(() => unlinkSharedMemory(this.name))
  }

  get [Symbol.toStringTag](): string {
    return 'SharedMemory'
  }

  /** @internal */
  get [segmentBrand](): true {
    return true
  }

  /** @internal */
  [inspection](depth: number, how: InspectOptions): string {
    return shownAs('SharedMemory', this.#state, depth, how)
  }

  /** @internal */
  toJSON(): object {
    return inJson('SharedMemory', this.#state)
  }

  get #state(): Record<string, unknown> {
    const { name, size, closed } = this
    return { name, ...(closed ? { closed } : { size }) }
  }
}

/** A name that a segment may have. */
function checkName(name: unknown): string {
  if (typeof name !== 'string') throw invalidType('name', 'a string', name)
  if (/\p{Surrogate}/u.test(name)) throw invalid('name must be text without half of a surrogate pair')
  checked(() => checkSharedMemoryName(name))
  return name
}
