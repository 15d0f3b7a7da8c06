import { WouldBlockError } from '../api/errors.js'
import { FOR_EVER } from '../event-loop/blocking.js'
import type { Environment } from '../event-loop/environment.js'
import type { Staging } from '../event-loop/send-buffers.js'
import { SLAB } from '../native/binding.js'
import { NOTHING, sendError } from '../native/status.js'
import { HEADER_MAX, writeHeader } from '../wire/frame.js'
import { SendWaiters } from './send-waiters.js'
import type { Transferring } from './transferring.js'
import { type Failure, Unsent } from './unsent.js'

/** Messages from this size on go to the kernel from the caller's memory; copying smaller ones costs less than a call. */
const DIRECT = 16 * 1024

/** If the kernel leaves at least this many bytes of a slab, they wait in it. Copying fewer is cheaper than retaining the slab. */
const SLAB_KEPT = SLAB / 2

const NONE = new Uint8Array(0)

/** The header of a message that leaves by itself. */
const header = Buffer.allocUnsafeSlow(HEADER_MAX)

const ACCEPTED: Promise<void> = Promise.resolve()

/** The owner of a send path, which learns how the sending goes. */
export interface SendWatcher {
  /** Bytes have begun, or ceased, to wait for room in the kernel. */
  onBlocked(): void
  /** Calls have begun (`on`), or ceased, to wait because more than the high-water mark is unsent. */
  onWaiting(on: boolean): void
  /** A part of a message is lost, so that nothing more can be sent. */
  onBroken(error: Error): void
}

/**
 * Frames messages, and hands them to the kernel.
 *
 * Small messages are staged in a slab that the environment lends, and leave together when the turn's microtasks are done
 * or the slab is full. A program that sends one at a time doesn't wait for that: behind a turn with one message, the next turn's
 * first leaves at once. What the kernel doesn't take is kept, and leaves when there is room again.
 */
export class SendPath implements Staging {
  messages = 0
  bytes = 0
  readonly #environment: Environment
  readonly #id: number
  readonly #highWaterMark: number
  readonly #watcher: SendWatcher
  readonly #unsent: Unsent
  #slab: Buffer | undefined
  #staged = 0
  readonly #waiters: SendWaiters
  #failure: Failure | undefined
  /** The last turn in which a small message was sent, and how many were. */
  #turn = -1
  #sentInTurn = 0

  constructor(environment: Environment, id: number, highWaterMark: number, watcher: SendWatcher) {
    this.#environment = environment
    this.#id = id
    this.#highWaterMark = highWaterMark
    this.#watcher = watcher
    this.#waiters = new SendWaiters((on) => watcher.onWaiting(on))
    this.#unsent = new Unsent(
      environment,
      id,
      () => watcher.onBlocked(),
      () => this.push(),
    )
  }

  /** Bytes that were accepted and that the kernel has not taken, headers included. */
  get unsent(): number {
    return this.#staged + this.#unsent.bytes
  }

  /** Whether bytes wait for room in the kernel. */
  get blocked(): boolean {
    return !this.#unsent.empty
  }

  /** Accepts a message; resolves as soon as not more than the high-water mark is unsent. */
  send(bytes: Uint8Array, start: number, end: number): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure.error())
    if (end - start < DIRECT && !this.#mayLeaveAtOnce()) this.#stage(bytes, start, end)
    else this.#transmit(bytes, start, end, 0)
    return this.#accept()
  }

  /** As `send`, a message of which `bytes[start..end]` is only the end. */
  sendParts(parts: readonly Uint8Array[], bytes: Uint8Array, start: number, end: number): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure.error())
    this.#stageParts(parts, bytes, start, end)
    return this.#accept()
  }

  #accept(): Promise<void> {
    if (this.#failure || this.unsent > this.#highWaterMark) return this.#acceptAbove()
    if (this.blocked) this.#unsent.own()
    return ACCEPTED
  }

  /** Like `#accept`, when more than the high-water mark is unsent, or sending has failed. */
  #acceptAbove(): Promise<void> {
    this.push()
    if (this.#failure) return Promise.reject(this.#failure.error())
    if (this.unsent > this.#highWaterMark) return this.#waiters.room()
    if (this.blocked) this.#unsent.own()
    return ACCEPTED
  }

  /** Sends a message and all before it, waiting until the kernel has taken them. */
  sendSync(bytes: Uint8Array, start: number, end: number): void {
    this.#prepareToBlock()
    this.#transmit(bytes, start, end, this.#blockingTime())
    this.#drain()
  }

  /** As `sendSync`, a message of which `bytes[start..end]` is only the end. */
  sendPartsSync(parts: readonly Uint8Array[], bytes: Uint8Array, start: number, end: number): void {
    this.#prepareToBlock()
    this.#stageParts(parts, bytes, start, end)
    this.flushSync()
  }

  /** Sends a message without waiting; throws if the kernel takes none of it. */
  sendNow(bytes: Uint8Array, start: number, end: number): void {
    this.push()
    const head = writeHeader(header, 0, end - start)
    const taken = this.#offer(header, head, bytes, start, end, 0)
    this.#assertSound()
    if (taken === 0) throw new WouldBlockError('send')
    this.count(end - start)
    this.#keep(taken, header, head, bytes, start, end)
    this.#unsent.own()
  }

  /**
   * Accepts bytes with descriptors that arrive beside the first of them, or before, in the order of the messages. Throws where that is
   * known to fail.
   */
  transfer(bytes: Uint8Array, transferring: Transferring): Transferring {
    // Messages that were sent before go first.
    this.push()
    if (this.#failure) transferring.end(this.#failure.error())
    else {
      this.#unsent.add(bytes, false, transferring)
      this.#pushUnsent()
    }
    if (transferring.error) throw transferring.error
    return transferring
  }

  /** Resolves when the descriptors have left, and as `send` does. */
  async transferred(transferring: Transferring): Promise<void> {
    await transferring.ended()
    if (this.unsent > this.#highWaterMark) await this.#waiters.room()
  }

  /** Like `transferred`, but blocks. */
  transferredSync(transferring: Transferring): void {
    this.flushSync()
    if (transferring.error) throw transferring.error
  }

  /** Takes back the last `transfer`, which would have to wait, if no part of it has left. */
  withdraw(transferring: Transferring): void {
    if (!transferring.waits) return
    this.#unsent.withdraw(new WouldBlockError('send'))
    throw transferring.error!
  }

  /** Hands what is unsent to the kernel, as far as it takes it. */
  push(): void {
    if (this.#failure) return
    this.#pushUnsent()
    if (this.#staged > 0) this.#handOver(this.#slab!, this.#staged, NONE, 0, 0, 0)
    this.#settle()
  }

  /** Resolves when the kernel has taken all that was accepted. */
  flush(): Promise<void> {
    if (this.#staged > 0) this.push()
    if (this.#failure) return Promise.reject(this.#failure.error())
    if (this.unsent === 0) return ACCEPTED
    return this.#waiters.all()
  }

  /** Waits until the kernel has taken all that was accepted. */
  flushSync(): void {
    this.#prepareToBlock()
    if (this.#staged > 0) this.#handOver(this.#slab!, this.#staged, NONE, 0, 0, this.#blockingTime())
    this.#drain()
  }

  /** Ends all waiting with `error`, and forgets what is unsent. `quietly`: see `SendWaiters.reject`. */
  abandon(error: Error, quietly = false): void {
    this.#unstage()
    this.#unsent.abandon(error)
    this.#waiters.reject(error, quietly)
  }

  /** Whether a small message need not wait for others: it is this turn's first, and the previous turn had at most one. */
  #mayLeaveAtOnce(): boolean {
    const { turn } = this.#environment.sends
    if (turn === this.#turn) {
      this.#sentInTurn++
      return false
    }
    const alone = this.#sentInTurn < 2
    this.#turn = turn
    this.#sentInTurn = 1
    return alone && !this.blocked
  }

  /** Counts a message. */
  count(size: number): void {
    this.messages++
    this.bytes += size
  }

  /** Frames a small message into the slab. */
  #stage(bytes: Uint8Array, start: number, end: number): void {
    const size = end - start
    const slab = this.#room(HEADER_MAX + size)
    if (!slab) return
    this.#staged = writeHeader(slab, this.#staged, size)
    this.#append(slab, bytes, start, end)
    this.count(size)
  }

  /** Stages a message that is in parts: its header, and those parts that are short. Long ones are handed to the kernel. */
  #stageParts(parts: readonly Uint8Array[], bytes: Uint8Array, start: number, end: number): void {
    const size = sizeOf(parts) + end - start
    const slab = this.#room(HEADER_MAX)
    if (!slab) return
    this.#staged = writeHeader(slab, this.#staged, size)
    this.count(size)
    for (const part of parts) this.#add(part, 0, part.length)
    this.#add(bytes, start, end)
  }

  #add(bytes: Uint8Array, start: number, end: number): void {
    if (this.#failure) return
    if (end - start >= DIRECT) this.#handOver(this.#slab ?? header, this.#staged, bytes, start, end, 0)
    else {
      const slab = this.#room(end - start)
      if (slab) this.#append(slab, bytes, start, end)
    }
  }

  #append(slab: Buffer, bytes: Uint8Array, start: number, end: number): void {
    slab.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), this.#staged)
    this.#staged += end - start
  }

  /** Returns a slab with room for `size` more bytes, or none if sending has failed. */
  #room(size: number): Buffer | undefined {
    if (this.#staged + size > SLAB) this.push()
    if (this.#failure) return undefined
    return (this.#slab ??= this.#environment.sends.lend(this))
  }

  /** Gives up the slab with what is staged in it. */
  #giveSlab(): Buffer {
    const slab = this.#slab!
    this.#environment.sends.leave(this)
    this.#slab = undefined
    this.#staged = 0
    return slab
  }

  #unstage(): void {
    this.#staged = 0
    if (!this.#slab) return
    this.#environment.sends.leave(this)
    this.#environment.sends.free(this.#slab)
    this.#slab = undefined
  }

  /** Hands a message to the kernel from the caller's memory, together with what is staged. */
  #transmit(bytes: Uint8Array, start: number, end: number, timeout: number): void {
    if (this.blocked || this.#staged + HEADER_MAX > SLAB) this.push()
    if (this.#failure) return
    const head = this.#slab ?? header
    const size = end - start
    this.count(size)
    this.#handOver(head, writeHeader(head, this.#staged, size), bytes, start, end, timeout)
  }

  /** Hands `head[..headEnd]`, then `body[start..end]`, to the kernel, and keeps what it doesn't take. Nothing is staged then. */
  #handOver(head: Buffer, headEnd: number, body: Uint8Array, start: number, end: number, timeout: number): void {
    const taken = this.#offer(head, headEnd, body, start, end, timeout)
    if (this.#failure) return
    this.#keep(taken, head, headEnd, body, start, end)
    this.#unstage()
  }

  /** Offers `head[..headEnd]`, then `body[start..end]`, to the kernel, unless older bytes wait for room. Returns how many bytes it took within `timeout`. */
  #offer(head: Buffer, headEnd: number, body: Uint8Array, start: number, end: number, timeout: number): number {
    if (this.blocked || this.#failure) return 0
    const taken = this.#environment.transfer.send(this.#id, head, 0, headEnd, body, start, end, timeout)
    if (taken < NOTHING) this.#fail({ error: sendError(taken), insideMessage: false })
    return taken > 0 ? taken : 0
  }

  /** Keeps what the kernel left, after it took `taken` bytes. */
  #keep(taken: number, head: Buffer, headEnd: number, body: Uint8Array, start: number, end: number): void {
    if (taken < headEnd) {
      if (head === this.#slab && headEnd - taken >= SLAB_KEPT) this.#unsent.addSlab(this.#giveSlab(), taken, headEnd)
      else this.#unsent.add(copy(head, taken, headEnd), false)
    }
    const rest = start + Math.max(taken - headEnd, 0)
    if (rest >= end) return
    // A small message's memory may be an encoder's, which uses it again.
    const borrowed = end - start >= DIRECT
    this.#unsent.add(borrowed ? body.subarray(rest, end) : copy(body, rest, end), borrowed)
  }

  #pushUnsent(): void {
    if (this.blocked) this.#fail(this.#unsent.push(0))
  }

  /** The peer may read only after it has received messages that were sent earlier, or on other connections. */
  #prepareToBlock(): void {
    this.#assertSound()
    this.#environment.sends.flush(this)
    this.#drain()
  }

  /** How long a call may block in the kernel: not at all while other connections have bytes that wait for room. */
  #blockingTime(): number {
    return this.#environment.sends.blocked > 0 ? 0 : FOR_EVER.slice()
  }

  /** Waits until the kernel has taken all that was kept. */
  #drain(): void {
    if (this.blocked) this.#fail(this.#unsent.drain())
    this.#assertSound()
    this.#settle()
  }

  /** Resolves what waited for the progress that was made. */
  #settle(): void {
    // The rest of a long message is not copied just to resolve its promise a little earlier.
    const room = this.#waiters.wantRoom && this.unsent <= this.#highWaterMark && !this.#unsent.borrows
    if (room) this.#waiters.resolveRoom()
    if (this.#waiters.wantAll && this.unsent === 0) this.#waiters.resolveAll()
  }

  #fail(failure: Failure | undefined): void {
    if (!failure || this.#failure) return
    this.#failure = failure
    const error = failure.error()
    // A program that has taken a message's memory away may have dropped the send's promise. The closed connection gives the reason.
    this.abandon(error, failure.insideMessage)
    if (failure.insideMessage) this.#watcher.onBroken(error)
  }

  #assertSound(): void {
    if (this.#failure) throw this.#failure.error()
  }
}

/** How many bytes `parts` have. */
export function sizeOf(parts: readonly Uint8Array[]): number {
  let size = 0
  for (const part of parts) size += part.length
  return size
}

/** A copy of `bytes[start..end]`; a `Buffer`'s own `slice` doesn't copy. */
function copy(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return Uint8Array.prototype.slice.call(bytes, start, end)
}
