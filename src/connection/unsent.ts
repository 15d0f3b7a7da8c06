import { takenAway } from '../api/arguments.js'
import { FOR_EVER, sleep } from '../event-loop/blocking.js'
import type { Environment } from '../event-loop/environment.js'
import type { Waiting } from '../event-loop/send-buffers.js'
import { clearTimeout, setTimeout } from '../event-loop/timers.js'
import { NOTHING, REFUSED, sendError, TOO_MANY_REFERENCES } from '../native/status.js'
import type { Transferring } from './transferring.js'

const NONE = new Uint8Array(0)

/** How long to wait before retrying when the kernel has too many descriptors in flight, in milliseconds. */
const DELAY_MIN = 1
const DELAY_MAX = 100

/** Why a connection can't send any more. */
export interface Failure {
  /** Makes a new error for each failing call, so that the stack is that call's. */
  error(): Error
  /** Whether the stream ends inside a message, so that the peer must not wait for the rest. */
  insideMessage: boolean
}

/** Some of the bytes that the kernel has not taken. */
interface Piece {
  bytes: Uint8Array
  at: number
  end: number
  /** The memory is still the caller's: its promise is not resolved yet. */
  borrowed: boolean
  transfer: Transferring | undefined
  /** The environment's slab that the bytes lie in. */
  slab: Buffer | undefined
}

/** Bytes that were accepted, and that the kernel has not taken: frames, or the rests of frames, oldest first. */
export class Unsent implements Waiting {
  bytes = 0
  readonly #environment: Environment
  readonly #id: number
  readonly #onBlocked: () => void
  readonly #onRetry: () => void
  #pieces: Piece[] = []
  #blocked = false
  /** Whether memory of a caller's may be among it. */
  #borrowing = false
  #delay = 0
  #retry: NodeJS.Timeout | undefined

  /**
   * `onBlocked` is called when something begins to wait for room, and when nothing does any more; `onRetry` when `push` may get
   * further although nothing was reported.
   */
  constructor(environment: Environment, id: number, onBlocked: () => void, onRetry: () => void) {
    this.#environment = environment
    this.#id = id
    this.#onBlocked = onBlocked
    this.#onRetry = onRetry
  }

  get empty(): boolean {
    return this.#pieces.length === 0
  }

  /** Whether memory of a caller's is among it. */
  get borrows(): boolean {
    return this.#pieces.some((piece) => piece.borrowed)
  }

  /** Appends bytes, whose memory must not be written until they have left. */
  add(bytes: Uint8Array, borrowed: boolean, transfer?: Transferring): void {
    this.#append({ bytes, at: 0, end: bytes.length, borrowed, transfer, slab: undefined })
  }

  /** Appends `slab[at..end]`. The slab is lent until these bytes have left. */
  addSlab(slab: Buffer, at: number, end: number): void {
    this.#append({ bytes: slab, at, end, borrowed: false, transfer: undefined, slab })
  }

  #append(piece: Piece): void {
    this.#pieces.push(piece)
    if (piece.borrowed) this.#borrowing = true
    this.bytes += piece.end - piece.at
    this.#tellBlocked()
  }

  /** Hands pieces to the kernel, as far as it takes them within `timeout`. Returns why nothing can be sent any more, if so. */
  push(timeout: number): Failure | undefined {
    let done = 0
    let failure: Failure | undefined
    for (const piece of this.#pieces) {
      if (piece.bytes.length < piece.end) {
        failure = { error: memoryLost, insideMessage: true }
        break
      }
      const taken = this.#offer(piece, timeout)
      if (taken < NOTHING) {
        failure = { error: sendError(taken), insideMessage: false }
        break
      }
      if (taken > 0) {
        piece.at += taken
        this.bytes -= taken
      }
      if (piece.at < piece.end) break
      if (piece.slab) this.#environment.sends.free(piece.slab)
      done++
    }
    this.#pieces.splice(0, done)
    this.#tellBlocked()
    return failure
  }

  #offer(piece: Piece, timeout: number): number {
    const { bytes, at, end, transfer } = piece
    return transfer
      ? this.#offerDescriptors(piece, transfer, timeout)
      : this.#environment.transfer.send(this.#id, bytes, at, end, NONE, 0, 0, timeout)
  }

  #offerDescriptors(piece: Piece, transfer: Transferring, timeout: number): number {
    const status = this.#environment.native.sendDescriptors(this.#id, piece.bytes, transfer.fds, timeout)
    if (status === TOO_MANY_REFERENCES) {
      this.#delayNext()
      return NOTHING
    }
    const refused = status === REFUSED
    if (status <= 0 && !refused) return status
    this.#delay = 0
    piece.transfer = undefined
    if (refused) transfer.refuse()
    else transfer.end()
    // Nothing of a message that the peer refuses has left: it is dropped as a whole.
    return refused ? piece.end : status
  }

  /** The kernel counts a user's descriptors on their way, and nothing tells when some of them have been received. */
  #delayNext(): void {
    this.#delay = Math.min(Math.max(this.#delay * 2, DELAY_MIN), DELAY_MAX)
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined
      this.#onRetry()
    }, this.#delay)
  }

  /** Waits until the kernel has taken all of it, while that of other connections goes on leaving. */
  drain(): Failure | undefined {
    const environment = this.#environment
    for (;;) {
      const others = environment.sends.blocked > 1
      const failure = this.push(others || this.#delay > 0 ? 0 : FOR_EVER.slice())
      if (failure || this.empty) return failure
      if (this.#delay > 0) sleep(this.#delay)
      else if (others) environment.wait(FOR_EVER.slice())
      if (this.empty) return undefined
    }
  }

  own(memory?: ArrayBufferLike): void {
    if (!this.#borrowing) return
    if (memory === undefined) this.#borrowing = false
    for (const piece of this.#pieces) {
      if (!piece.borrowed || (memory !== undefined && piece.bytes.buffer !== memory)) continue
      piece.bytes = Uint8Array.prototype.slice.call(piece.bytes, piece.at, piece.end)
      piece.end -= piece.at
      piece.at = 0
      piece.borrowed = false
    }
  }

  /** Forgets all of it, because of `error`. */
  abandon(error: Error): void {
    clearTimeout(this.#retry)
    const pieces = this.#pieces
    this.#pieces = []
    this.bytes = 0
    for (const { transfer, slab } of pieces) {
      if (slab) this.#environment.sends.free(slab)
      transfer?.end(error)
    }
    this.#tellBlocked()
  }

  /** Takes back the last piece, of which nothing has left. */
  withdraw(error: Error): void {
    const piece = this.#pieces.pop()
    if (!piece) return
    this.bytes -= piece.end
    piece.transfer?.end(error)
    this.#tellBlocked()
  }

  #tellBlocked(): void {
    if (this.#blocked !== this.empty) return
    this.#blocked = !this.empty
    const { sends } = this.#environment
    if (this.#blocked) sends.block(this)
    else sends.unblock(this)
    this.#onBlocked()
  }
}

function memoryLost(): Error {
  return takenAway(
    'the memory of a message that was being sent',
    'the connection is closed, since its peer has a part of it',
  )
}
