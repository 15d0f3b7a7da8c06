import { constants } from 'node:buffer'

import { takenAway } from '../api/arguments.js'
import type { Coder } from '../codecs/coder.js'
import type { Environment } from '../event-loop/environment.js'
import type { Claimant } from '../event-loop/memory-budget.js'
import { isFresh } from '../event-loop/pages.js'
import { EOFError, MessageTooLongError, ProtocolError } from '../api/errors.js'
import {
  READ_MAX,
  REPORT_ANNOUNCED,
  REPORT_DESCRIPTORS,
  REPORT_DRAINED,
  REPORT_END,
  REPORT_RUNS,
  REPORT_START,
  RUN_MAX,
} from '../native/binding.js'
import { Inbox } from './inbox.js'
import { type Memory, view } from './memory.js'
import { allocate, allocateShared, Room, wipeAround } from './message-memory.js'
import { HEADER, headerSize, payloadSize } from '../wire/frame.js'
import {
  END,
  MALFORMED,
  NOTHING,
  RING,
  ringError,
  TOO_LONG,
  TRUNCATED,
  systemError,
  unexpectedOffer,
} from '../native/status.js'

/** Where a frame is read in memory of its own, so that its payload is as aligned as memory for it alone would be. */
const FRAME = 4

/** A peer must have sent this fraction of a message, or an earlier one as long, before all of it gets fresh pages. */
const PEER = 16

/** Stands for the error of a closed end: creating the error takes longer than the rest of closing, and it is rarely needed. */
const CLOSED = new Error('the connection is closed')

/** The length that announces an offer of shared memory. */
const OFFER = -2

/** A message that arrives in memory of its own. */
interface Payload {
  memory: Buffer
  filled: number
  announced: number
  /** Who owns the memory. `gone`: the caller did, but has taken it away, so the message is read and dropped. */
  owner: 'carom' | 'caller' | 'gone'
}

/**
 * Reads frames from the kernel, and keeps whole messages in an inbox until they are taken.
 *
 * Small messages are read into the environment's slab. Runs of them are copied out together, at most 32 KiB in one piece of
 * memory, so that retaining one message pins no more than that. A long one is read straight into memory of its own: from its
 * second read on, or from the first, where the message before it was as long.
 */
export class Reader {
  readonly inbox: Inbox = new Inbox()
  /** Whether the kernel may have more. If not, the reactor reports when it has: where it watches the connection. */
  readable = true
  /** Nothing more will arrive: the end is behind what the kernel has, and is not reported again. */
  ending = false
  /** The fault that ends the receiving once the inbox is empty. */
  fault: Error | undefined
  /** The announced length of a message that is incomplete; negative where none is known. */
  announced = -1
  /** Whether descriptors have come with messages. */
  descriptors = false
  /** How many messages were dropped, since their memory was taken away while they were received into it. */
  lost = 0
  readonly #environment: Environment
  readonly #id: number
  readonly #claimant: Claimant
  readonly #limit: number
  readonly #coder: Coder
  #payload: Payload | undefined
  #insideMessage = false
  /** The length of the last message, where the next one is expected to be as long; 0 where it isn't. */
  #expected = 0
  /** The length of the longest message that has come. */
  #longest = 0
  /** Where the codec wants the next one to lie. */
  #shift = 0

  constructor(environment: Environment, id: number, claimant: Claimant, limit: number, coder: Coder) {
    this.#environment = environment
    this.#id = id
    this.#claimant = claimant
    this.#limit = limit
    this.#coder = coder
  }

  /** Whether a receive would return at once: a message, or the end, has arrived. */
  get settled(): boolean {
    return this.fault !== undefined || !this.inbox.empty
  }

  /** Whether a message has begun to arrive that is not complete. */
  get insideMessage(): boolean {
    return this.#insideMessage || this.#payload !== undefined
  }

  /** Whether bytes have been received that no call has returned. */
  get holdsBytes(): boolean {
    return this.insideMessage || !this.inbox.empty
  }

  /**
   * Reads once, waiting up to `timeout` milliseconds, for ever where it is negative; returns about how many bytes came. Where the
   * next message is a long one that fits into `target`, the memory of the caller who will take it, it is read there. Of a long one,
   * no more than `most` bytes are read.
   */
  read(timeout: number, target: Buffer | undefined, most: number): number {
    return this.#payload ? this.#readPayload(this.#payload, timeout, most) : this.#readFrames(timeout, target)
  }

  /** Discards everything received and receives no more, because of `fault` or because this end is closed. */
  abandon(fault: Error = CLOSED): void {
    while (this.inbox.peek()) this.inbox.take()
    this.#environment.memory.release(this.#claimant)
    this.#payload = undefined
    this.#insideMessage = false
    this.announced = -1
    this.fault = fault
  }

  /** The fault, which stays, unless it is one that the kernel reports once, or concerns one message only. */
  takeFault(): Error {
    const fault = this.fault ?? new EOFError()
    if (!(fault instanceof EOFError || fault instanceof ProtocolError || fault instanceof MessageTooLongError)) {
      this.fault = undefined
      this.readable = true
    }
    return fault
  }

  #readFrames(timeout: number, target: Buffer | undefined): number {
    const { transfer, slab: shared, report } = this.#environment
    // One byte more than is expected: if it stays free, the kernel had no more.
    const slab = (this.#expected > 0 && !target && this.#room()) || shared
    this.#expected = 0
    const runs = transfer.receive(this.#id, slab.bytes, report, timeout)
    if (runs < 0) {
      this.#stop(runs, report[REPORT_ANNOUNCED]!)
      return 0
    }
    let start = 0
    let inPlace: Buffer | undefined
    for (let i = REPORT_RUNS; i < REPORT_RUNS + runs; i++) {
      const end = report[i]!
      inPlace = this.#keep(slab, start, end) ?? inPlace
      start = end
    }
    const announced = report[REPORT_ANNOUNCED]!
    this.announced = announced
    this.#insideMessage = announced !== -1
    this.readable = report[REPORT_DRAINED] === 0 || this.ending
    this.descriptors = report[REPORT_DESCRIPTORS] === 1
    const filled = report[REPORT_END]!
    if (filled > 0) this.#begin(slab, report[REPORT_START]!, filled, announced, target, timeout !== 0)
    if (inPlace) wipeAround(inPlace)
    return filled > 0 ? filled : start
  }

  /** After a message of `size` bytes, at `bytes[start]`. */
  #expect(size: number, bytes: Buffer, start: number): void {
    this.#expected = size >= RUN_MAX ? size : 0
    this.#shift = this.#expected > 0 ? (this.#coder.shift?.(bytes.subarray(start, start + size), size) ?? 0) : 0
  }

  /** Takes a run of whole frames out of the slab: by copying it, unless it is a message that nearly fills memory of its own, which is returned. */
  #keep(slab: Memory, start: number, end: number): Buffer | undefined {
    const { bytes: read } = slab
    const payload = start + headerSize(read, start)
    // A single message needs no header.
    const single = payload < end && payload + payloadSize(read, payload) === end
    const from = single ? payload : start
    const size = end - from
    if (single) this.#expect(size, read, from)
    if (single && slab instanceof Room && slab.fits(size)) {
      const message = slab.part(from, end)
      this.inbox.push(message, false)
      return message
    }
    const bytes = single ? allocate(size) : allocateShared(size)
    bytes.set(slab.part(from, end))
    this.inbox.push(bytes, !single)
    return undefined
  }

  /** Memory for a message like the last one; `undefined` where that was too long to allocate for one that may not come. */
  #room(): Room | undefined {
    const at = FRAME + this.#shift
    // One byte more than is expected: if it stays free, the kernel had no more.
    const size = HEADER + this.#expected + 1
    return size > READ_MAX ? undefined : new Room(Buffer.allocUnsafeSlow(at + size).subarray(at), size)
  }

  /** A long message begins: its first bytes are `slab[start..end]`. */
  #begin(
    slab: Memory,
    start: number,
    end: number,
    announced: number,
    target: Buffer | undefined,
    blocking: boolean,
  ): void {
    if (announced > constants.MAX_LENGTH) {
      this.fault = new MessageTooLongError(announced, constants.MAX_LENGTH, 'maxMessageSize')
      return
    }
    const filled = end - start
    if (slab instanceof Room && start + announced <= slab.size && slab.fits(announced)) {
      this.#payload = { memory: slab.part(start, start + announced), filled, announced, owner: 'carom' }
      return
    }
    const lent = target !== undefined && announced <= target.length && this.inbox.empty
    const memory = lent
      ? target.subarray(0, announced)
      : this.#allocate(announced, filled, slab.part(start, end), blocking)
    memory.set(slab.part(start, end))
    this.#payload = { memory, filled, announced, owner: lent ? 'caller' : 'carom' }
  }

  /** Memory for a message that begins with `head`, where the codec wants it to lie. */
  #allocate(announced: number, filled: number, head: Buffer, blocking: boolean): Buffer {
    const { memory, pages } = this.#environment
    const shift = this.#coder.shift?.(head, announced) ?? 0
    const believed = filled >= announced / PEER || announced <= this.#longest
    const lent = pages.lend(shift + announced, blocking || !believed)
    if (lent) return view(lent, shift, announced)
    const size = believed && isFresh(announced) ? announced : memory.grant(this.#claimant, announced, filled)
    return shift === 0 ? Buffer.allocUnsafeSlow(size) : Buffer.allocUnsafeSlow(shift + size).subarray(shift)
  }

  #readPayload(payload: Payload, timeout: number, most: number): number {
    const { memory, filled, announced } = payload
    if (payload.owner === 'caller' && memory.length < announced) {
      payload.owner = 'gone'
      this.fault = takenAway(
        'the memory that a message was being received into',
        'the message is lost, the next one is unharmed',
      )
      return 0
    }
    const { transfer, slab } = this.#environment
    const gone = payload.owner === 'gone'
    const into = gone ? slab.bytes : memory
    const start = gone ? 0 : filled
    // A peer that sends as fast as this reads would otherwise hold one call for the whole message.
    const end = Math.min(into.length, start + most)
    const bytes = transfer.receivePayload(this.#id, into, start, end, timeout)
    if (bytes < 0) {
      this.#stop(bytes, 0)
      return 0
    }
    payload.filled += bytes
    const full = payload.filled === (gone ? announced : memory.length)
    // Where the message is whole, something may be behind it: no more than the message was asked for.
    this.readable = full || bytes === end - start || this.ending
    if (payload.filled === announced) this.#complete(payload)
    else if (full) {
      payload.memory = this.#allocate(announced, payload.filled, memory, timeout !== 0)
      payload.memory.set(memory)
      payload.owner = 'carom'
    }
    return bytes
  }

  #complete({ memory, announced, owner }: Payload): void {
    this.#environment.memory.release(this.#claimant)
    this.#payload = undefined
    this.#insideMessage = false
    this.announced = -1
    if (owner === 'gone') {
      this.lost++
      return
    }
    if (announced > this.#longest) this.#longest = announced
    this.#expect(announced, memory, 0)
    if (owner === 'carom') wipeAround(memory)
    this.inbox.push(memory, false)
  }

  /** Nothing has arrived, or nothing more will. */
  #stop(status: number, announced: number): void {
    this.readable = false
    if (status === NOTHING) return
    this.#environment.memory.release(this.#claimant)
    this.#payload = undefined
    this.fault = this.#faultOf(status, announced)
  }

  #faultOf(status: number, announced: number): Error {
    switch (status) {
      case END:
        return new EOFError()
      case TRUNCATED:
        return new ProtocolError('the peer closed the connection inside a message')
      case RING:
        return ringError()
      case MALFORMED:
        if (announced === OFFER) return unexpectedOffer()
        return new ProtocolError(`malformed message: the peer announced a length of ${announced} bytes`)
      case TOO_LONG:
        return new MessageTooLongError(announced, this.#limit, 'maxMessageSize')
      default:
        return systemError(status, 'recvmsg')
    }
  }
}
