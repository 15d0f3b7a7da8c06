import { constants } from 'node:os'

import { closeDescriptor } from '../native/numbers.js'
import { FOR_EVER } from '../event-loop/blocking.js'
import { type Environment, SLAB } from '../event-loop/environment.js'
import { SystemError, WouldBlockError } from '../api/errors.js'
import { NOTHING, REFUSED, systemError } from '../native/status.js'

/** Messages from this size on go to the kernel from the caller's memory; copying smaller ones costs less than a call. */
const DIRECT = 16 * 1024

/** The longest payload that a 4-byte header can announce. */
export const MAX_SHORT = 0x7fffffff

/** A header in its longer form: −1, then 64 bits. */
const HEADER_MAX = 12

const NONE = new Uint8Array(0)

/** The header of a message that leaves by itself. */
const HEADER = Buffer.allocUnsafeSlow(HEADER_MAX)

const ACCEPTED: Promise<void> = Promise.resolve()

/** Bytes that the kernel has not taken. */
interface Piece {
  bytes: Uint8Array
  at: number
  end: number
  /** The memory is still the caller's: its promise is not resolved yet. */
  borrowed: boolean
  /** Descriptors of the sender's that go beside the first byte. */
  fds?: number[] | undefined
  /** The kernel refuses them: the piece has not left, and will not. */
  refused?: SystemError
  /** The call that waits until they have left. */
  waiter?: Waiter
}

interface Waiter {
  resolve: () => void
  reject: (error: Error) => void
}

/** Who is told how the way out fares. */
export interface SenderWatcher {
  /** Bytes begin to wait for room in the kernel, or none do any more. */
  blocked(): void
  /** A call begins to wait for that, since more than the high-water mark is unsent, or none does any more. */
  waiting(on: boolean): void
}

/**
 * The way out: frames messages, and hands them to the kernel.
 *
 * Small messages are staged in a slab that the environment lends, and leave together when the turn's microtasks are done
 * or the slab is full. Who sends one at a time doesn't wait for that: behind a turn with one message, the next turn's first
 * leaves at once. What the kernel doesn't take is kept here, and leaves when there is room again.
 */
export class Sender {
  messages = 0
  bytes = 0
  readonly #environment: Environment
  readonly #id: number
  readonly #highWaterMark: number
  readonly #watcher: SenderWatcher
  #slab: Buffer | undefined
  #staged = 0
  #queue: Piece[] = []
  #queued = 0
  #waiters: Waiter[] = []
  #flushers: Waiter[] = []
  #failure = 0
  #wasBlocked = false
  /** The last turn in which a small message was sent, and how many were. */
  #turn = -1
  #sentInTurn = 0

  constructor(environment: Environment, id: number, highWaterMark: number, watcher: SenderWatcher) {
    this.#environment = environment
    this.#id = id
    this.#highWaterMark = highWaterMark
    this.#watcher = watcher
  }

  /** Bytes that were accepted and that the kernel has not taken, headers included. */
  get unsent(): number {
    return this.#staged + this.#queued
  }

  /** Whether bytes wait for room in the kernel. */
  get blocked(): boolean {
    return this.#queued > 0
  }

  /** Accepts a message; resolves as soon as not more than the high-water mark is unsent. */
  send(bytes: Uint8Array, start: number, end: number): Promise<void> {
    if (this.#failure) return Promise.reject(this.#error())
    this.#put(bytes, start, end)
    return this.#accept()
  }

  /** As `send`, a message of which `bytes[start..end]` is only the end. Shorter parts than 16 KiB are copied. */
  sendParts(parts: readonly Uint8Array[], bytes: Uint8Array, start: number, end: number): Promise<void> {
    if (this.#failure) return Promise.reject(this.#error())
    this.#announce(sizeOf(parts) + end - start)
    for (const part of parts) this.#add(part, 0, part.length)
    this.#add(bytes, start, end)
    return this.#accept()
  }

  /** Resolves as soon as not more than the high-water mark is unsent. */
  #accept(): Promise<void> {
    if (this.unsent > this.#highWaterMark) this.push()
    if (this.#failure) return Promise.reject(this.#error())
    if (this.unsent > this.#highWaterMark) return this.#wait()
    if (this.blocked) this.#own()
    return ACCEPTED
  }

  /** Sends a message and all before it, waiting until the kernel has taken them. */
  sendSync(bytes: Uint8Array, start: number, end: number): void {
    if (this.#failure) throw this.#error()
    this.#drain()
    if (end - start < DIRECT) {
      this.#stage(bytes, start, end)
      this.flushSync()
      return
    }
    this.#announce(end - start)
    this.#writeAll(bytes, start, end)
  }

  /** As `sendSync`, a message of which `bytes[start..end]` is only the end. */
  sendPartsSync(parts: readonly Uint8Array[], bytes: Uint8Array, start: number, end: number): void {
    if (this.#failure) throw this.#error()
    this.#drain()
    this.#announce(sizeOf(parts) + end - start)
    for (const part of parts) {
      if (part.length < DIRECT) this.#append(part, 0, part.length)
      else this.#writeAll(part, 0, part.length)
    }
    this.#append(bytes, start, end)
    this.flushSync()
  }

  /** Sends a message without waiting; throws where the kernel takes nothing of it. */
  sendNow(bytes: Uint8Array, start: number, end: number): void {
    if (this.#failure) throw this.#error()
    if (this.blocked && !this.#pushQueue()) throw new WouldBlockError('send')
    this.#announce(end - start)
    const taken = this.#write(bytes, start, end, 0)
    if (this.#failure) throw this.#error()
    if (taken === 0) {
      this.#unstage()
      this.messages--
      this.bytes -= end - start
      throw new WouldBlockError('send')
    }
    this.#keep(taken, bytes, start, end)
    this.#own()
  }

  /** Hands what is staged to the kernel, as far as it takes it. */
  push(): void {
    if (this.blocked && !this.#pushQueue()) {
      this.#keep(0, NONE, 0, 0)
    } else if (this.#staged > 0) {
      this.#keep(this.#write(NONE, 0, 0, 0), NONE, 0, 0)
    }
    this.#settle()
  }

  /** Resolves when the kernel has taken all that was accepted. */
  flush(): Promise<void> {
    if (this.#staged > 0) this.push()
    if (this.#failure) return Promise.reject(this.#error())
    if (this.unsent === 0) return ACCEPTED
    return new Promise((resolve, reject) => this.#flushers.push({ resolve, reject }))
  }

  /** Waits until the kernel has taken all that was accepted. */
  flushSync(): void {
    if (this.#failure) throw this.#error()
    this.#drain()
    if (this.#staged > 0) this.#writeAll(NONE, 0, 0)
  }

  /**
   * Accepts bytes that are whole frames, with descriptors that arrive beside them, or before; both are the sender's from now
   * on. Resolves as `send` does, but when they have left at the earliest: a peer that takes no descriptors makes it fail. Throws
   * where that is known at once.
   */
  sendWithDescriptors(bytes: Uint8Array, fds: number[]): Promise<void> {
    const piece = this.#enclose(bytes, fds)
    if (piece.refused) throw piece.refused
    if (piece.fds) return new Promise((resolve, reject) => (piece.waiter = { resolve, reject }))
    return this.unsent <= this.#highWaterMark ? ACCEPTED : this.#wait()
  }

  /** As `sendWithDescriptors`, blocking until the kernel has taken all of it. */
  sendWithDescriptorsSync(bytes: Uint8Array, fds: number[]): void {
    const piece = this.#enclose(bytes, fds)
    if (!piece.refused) this.flushSync()
    if (piece.refused) throw piece.refused
  }

  #enclose(bytes: Uint8Array, fds: number[]): Piece {
    // What was sent before goes first.
    if (!this.#failure) this.push()
    if (this.#failure) {
      for (const fd of fds) closeDescriptor(fd)
      throw this.#error()
    }
    const piece: Piece = { bytes, at: 0, end: bytes.length, borrowed: false, fds }
    this.#queue.push(piece)
    this.#queued += bytes.length
    this.#pushQueue()
    if (this.#failure) throw this.#error()
    return piece
  }

  /** Resolves when not more than the high-water mark is unsent. */
  #wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#waiters.push({ resolve, reject }) === 1) this.#watcher.waiting(true)
    })
  }

  /** Ends all waiting with `error`, and forgets what is unsent. */
  abandon(error: Error): void {
    this.#unstage()
    const waiters = [...this.#waiters, ...this.#flushers]
    if (this.#waiters.length > 0) this.#watcher.waiting(false)
    this.#waiters = []
    this.#flushers = []
    for (const { fds = [], waiter } of this.#queue) {
      for (const fd of fds) closeDescriptor(fd)
      if (waiter) waiters.push(waiter)
    }
    this.#queue = []
    this.#queued = 0
    this.#tellBlocked()
    for (const waiter of waiters) waiter.reject(error)
  }

  #put(bytes: Uint8Array, start: number, end: number): void {
    if (end - start < DIRECT && !this.#mayLeaveAtOnce()) {
      this.#stage(bytes, start, end)
      return
    }
    const ready = !this.blocked || this.#pushQueue()
    if (ready && this.#staged === 0) {
      this.#leave(bytes, start, end)
      return
    }
    this.#announce(end - start)
    this.#keep(ready ? this.#write(bytes, start, end, 0) : 0, bytes, start, end)
  }

  /** Hands a message to the kernel by itself, from the caller's memory. */
  #leave(bytes: Uint8Array, start: number, end: number): void {
    const size = end - start
    const head = writeHeader(HEADER, 0, size)
    this.messages++
    this.bytes += size
    const taken = this.#environment.transfer.send(this.#id, HEADER, 0, head, bytes, start, end, 0)
    if (taken < NOTHING) {
      this.#fail(taken)
      return
    }
    if (taken < head) this.#enqueue(copy(HEADER, Math.max(taken, 0), head), false)
    const rest = start + Math.max(taken - head, 0)
    // A small message's memory may be an encoder's, which uses it again.
    if (rest < end) this.#enqueue(size < DIRECT ? copy(bytes, rest, end) : bytes.subarray(rest, end), size >= DIRECT)
  }

  /** Whether a small message need not wait for others: it is this turn's first, and the turn before had no more. */
  #mayLeaveAtOnce(): boolean {
    const { turn } = this.#environment
    if (turn === this.#turn) {
      this.#sentInTurn++
      return false
    }
    const alone = this.#sentInTurn < 2
    this.#turn = turn
    this.#sentInTurn = 1
    return alone && !this.blocked
  }

  /** Frames a small message into the slab. */
  #stage(bytes: Uint8Array, start: number, end: number): void {
    const slab = this.#room(HEADER_MAX + end - start)
    const payload = this.#header(slab, end - start)
    slab.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), payload)
    this.#staged = payload + end - start
  }

  /** Stages bytes behind what is staged of their message, if they are few; else hands them to the kernel. */
  #add(bytes: Uint8Array, start: number, end: number): void {
    if (this.#failure) return
    if (end - start < DIRECT) {
      this.#append(bytes, start, end)
      return
    }
    const ready = !this.blocked || this.#pushQueue()
    this.#keep(ready ? this.#write(bytes, start, end, 0) : 0, bytes, start, end)
  }

  /** Stages bytes without a header of their own. */
  #append(bytes: Uint8Array, start: number, end: number): void {
    const slab = this.#room(end - start)
    slab.set(bytes.subarray(start, end), this.#staged)
    this.#staged += end - start
  }

  /** Stages the header of a message whose payload is elsewhere. */
  #announce(size: number): void {
    this.#staged = this.#header(this.#room(HEADER_MAX), size)
  }

  /** Writes a header at the end of what is staged, and returns where it ends. */
  #header(slab: Buffer, size: number): number {
    this.messages++
    this.bytes += size
    return writeHeader(slab, this.#staged, size)
  }

  #room(size: number): Buffer {
    if (this.#staged + size > SLAB) this.push()
    return (this.#slab ??= this.#environment.lend(this))
  }

  #unstage(): void {
    this.#staged = 0
    if (!this.#slab) return
    this.#environment.takeBack(this, this.#slab)
    this.#slab = undefined
  }

  /** Hands what is staged, then `bytes[start..end]`, to the kernel, waiting up to `timeout`; returns how much it took. */
  #write(bytes: Uint8Array, start: number, end: number, timeout: number): number {
    const { transfer } = this.#environment
    const taken = transfer.send(this.#id, this.#slab ?? NONE, 0, this.#staged, bytes, start, end, timeout)
    if (taken === NOTHING) return 0
    if (taken < 0) this.#fail(taken)
    return taken
  }

  /** As `#write`, until all is taken. */
  #writeAll(bytes: Uint8Array, start: number, end: number): void {
    const environment = this.#environment
    // What is staged elsewhere may be what the peer is waiting for, before it reads.
    environment.flush(this)
    if (environment.blockedSenders > 0) {
      this.#keep(this.#write(bytes, start, end, 0), bytes, start, end)
      this.#drain()
      if (this.#failure) throw this.#error()
      return
    }
    const [slab, staged] = [this.#slab ?? NONE, this.#staged]
    for (let taken = 0; taken < staged + end - start;) {
      const head = Math.min(taken, staged)
      const more = environment.transfer.send(
        this.#id,
        slab,
        head,
        staged,
        bytes,
        start + taken - head,
        end,
        FOR_EVER.slice(),
      )
      if (more < NOTHING) {
        this.#fail(more)
        throw this.#error()
      }
      taken += Math.max(more, 0)
    }
    this.#unstage()
    this.#settle()
  }

  /** Keeps what the kernel left, after it took `taken` bytes, of the slab and of `bytes[start..end]`. */
  #keep(taken: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.#failure) return
    if (taken < this.#staged) this.#enqueue(copy(this.#slab!, taken, this.#staged), false)
    const rest = start + Math.max(taken - this.#staged, 0)
    this.#unstage()
    if (rest < end) this.#enqueue(bytes.subarray(rest, end), true)
  }

  #enqueue(bytes: Uint8Array, borrowed: boolean): void {
    this.#queue.push({ bytes, at: 0, end: bytes.length, borrowed })
    this.#queued += bytes.length
    this.#tellBlocked()
  }

  #tellBlocked(): void {
    if (this.blocked === this.#wasBlocked) return
    this.#wasBlocked = this.blocked
    this.#environment.blockedSenders += this.blocked ? 1 : -1
    this.#watcher.blocked()
  }

  /** Hands kept pieces to the kernel, as far as it takes them; whether it took all. */
  #pushQueue(timeout = 0): boolean {
    const { transfer } = this.#environment
    let done = 0
    for (const piece of this.#queue) {
      const taken = piece.fds
        ? this.#environment.native.sendDescriptors(this.#id, piece.bytes, piece.fds, timeout)
        : transfer.send(this.#id, piece.bytes, piece.at, piece.end, NONE, 0, 0, timeout)
      if (piece.fds && taken === REFUSED) {
        this.#refuse(piece)
      } else if (taken < NOTHING) {
        this.#fail(taken)
        return false
      } else if (taken > 0) {
        piece.at += taken
        this.#queued -= taken
        this.#left(piece)
        piece.waiter?.resolve()
      }
      if (piece.at < piece.end) break
      done++
    }
    this.#queue.splice(0, done)
    this.#tellBlocked()
    return !this.blocked
  }

  /** The peer's socket takes no descriptors: what was to go with them is not sent, and all else is. */
  #refuse(piece: Piece): void {
    this.#queued -= piece.end - piece.at
    piece.at = piece.end
    this.#left(piece)
    piece.refused = new SystemError(
      'sendmsg: the peer takes no connections or descriptors in messages (EPERM): it was made with descriptors: false, or has not proved its key yet',
      'EPERM',
      -constants.errno.EPERM,
      'sendmsg',
    )
    piece.waiter?.reject(piece.refused)
  }

  /** The descriptors of a piece are in the kernel, or will not be. */
  #left(piece: Piece): void {
    if (!piece.fds) return
    for (const fd of piece.fds) closeDescriptor(fd)
    piece.fds = undefined
  }

  /** Waits until the kernel has taken all kept pieces. Those of other connections go on leaving meanwhile. */
  #drain(): void {
    while (this.blocked) {
      if (this.#environment.blockedSenders > 1) this.#environment.wait(FOR_EVER.slice())
      else this.#pushQueue(FOR_EVER.slice())
      if (this.#failure) throw this.#error()
    }
  }

  /** Copies what the kernel has not taken, so that its memory is the callers' again. */
  #own(): void {
    for (const piece of this.#queue) {
      if (!piece.borrowed) continue
      piece.bytes = copy(piece.bytes, piece.at, piece.end)
      piece.end -= piece.at
      piece.at = 0
      piece.borrowed = false
    }
  }

  /** Resolves what waited for the progress that was made. */
  #settle(): void {
    // The rest of a long message is not copied just to resolve its promise a little earlier.
    if (
      this.#waiters.length > 0 &&
      this.unsent <= this.#highWaterMark &&
      !this.#queue.some((piece) => piece.borrowed)
    ) {
      const waiters = this.#waiters
      this.#waiters = []
      for (const waiter of waiters) waiter.resolve()
      this.#watcher.waiting(false)
    }
    if (this.#flushers.length > 0 && this.unsent === 0) {
      const flushers = this.#flushers
      this.#flushers = []
      for (const flusher of flushers) flusher.resolve()
    }
  }

  #fail(status: number): void {
    this.#failure = status
    this.abandon(this.#error())
  }

  #error(): SystemError {
    return systemError(this.#failure, 'sendmsg')
  }
}

function sizeOf(parts: readonly Uint8Array[]): number {
  let size = 0
  for (const part of parts) size += part.length
  return size
}

/** A copy of `bytes[start..end]`: a `Buffer`'s own `slice` is none. */
function copy(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return Uint8Array.prototype.slice.call(bytes, start, end)
}

/** Writes the header of a message of `size` bytes to `memory` from `at` on, and returns where it ends. */
function writeHeader(memory: Buffer, at: number, size: number): number {
  if (size > MAX_SHORT) {
    memory.writeInt32BE(-1, at)
    memory.writeBigUInt64BE(BigInt(size), at + 4)
    return at + HEADER_MAX
  }
  memory[at] = size >>> 24
  memory[at + 1] = size >>> 16
  memory[at + 2] = size >>> 8
  memory[at + 3] = size
  return at + 4
}
