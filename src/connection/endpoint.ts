import { constants } from 'node:os'

import { closeAside, closeDescriptor } from '../native/numbers.js'
import { onAbort } from '../event-loop/abort.js'
import { outOfRange } from '../api/arguments.js'
import { duplicate } from '../native/binding.js'
import { backPressureBegin, backPressureEnd, connectionClose, connectionOpen } from '../api/diagnostics.js'
import { Deadline, FOR_EVER } from '../event-loop/blocking.js'
import { EndpointResource } from './endpoint-resource.js'
import { type Environment, type Watcher, environmentOf } from '../event-loop/environment.js'
import {
  BusyError,
  ConnectionClosedError,
  DirectionError,
  EOFError,
  MessageTooLongError,
  ProtocolError,
  SystemError,
  WouldBlockError,
} from '../api/errors.js'
import type { Chunk } from './inbox.js'
import { Descriptors, type Directions, type Settings } from '../api/options.js'
import { takeFirst } from './queue.js'
import { Receiver } from './receiver.js'
import { disown, own } from '../event-loop/resource.js'
import { MAX_SHORT, Sender } from './sender.js'
import { checked, END, NOTHING, systemError, TRUNCATED } from '../native/status.js'
import { Arrived } from '../wire/arrived.js'
import { DESCRIPTORS_MAX, descriptorsOf, MARK, marked } from '../wire/descriptor-mark.js'
import { transfer, type Transferable } from '../wire/transferable.js'
import { watch } from '../event-loop/watch.js'
import type { Listener, Source } from '../event-loop/waitable.js'

/** Makes what a receive returns of the message `chunk.bytes[start..end]`, and of the descriptors that came with it, if any. */
export type Take = (chunk: Chunk, start: number, end: number, arrived?: Arrived) => unknown

/** A frame's header, in its short form. */
const HEADER = 4

/** How a receive is done. */
export interface Receive {
  take: Take
  /** The longest message that it accepts, in bytes. */
  maxLength?: number | undefined
  /** What it resolves with at the end of the stream, in place of an `EOFError`. */
  atEnd?: unknown
  /** Memory of the caller's, which a long message may be read into directly. */
  target?: Buffer | undefined
}

/** What a connection is, beyond its options. */
export interface Traits extends Directions {
  /** What would have to wait fails. */
  nonblocking?: boolean
  /** The peer may not know the longer form of a header. */
  legacy?: boolean
}

/** A receive that waits for its message. */
class Pending {
  readonly how: Receive
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  /** Removes what listens for its being aborted. */
  settled: (() => void) | undefined

  constructor(how: Receive, resolve: (value: unknown) => void, reject: (error: unknown) => void) {
    this.how = how
    this.resolve = resolve
    this.reject = reject
    this.settled = undefined
  }
}

/**
 * One end of a connection, behind the public class: its descriptor, the way in, the way out, who waits, and what the
 * reactor is asked to watch.
 */
export class Endpoint implements Watcher, Source {
  readonly receiver: Receiver
  readonly sender: Sender
  readonly id: number
  readonly fd: number
  readonly writable: boolean
  readonly #settings: Settings
  readonly #nonblocking: boolean
  readonly #carriesDescriptors: boolean
  readonly #legacy: boolean
  readonly #environment: Environment
  readonly #resource: EndpointResource
  readonly #owned: object
  #readable: boolean
  #closed: Promise<void> | undefined
  #open = true
  #pending: Pending[] = []
  /** Made for the first one: most connections have none, and an empty set is a tenth of a connection at rest. */
  #listeners: Set<Listener> | undefined
  #watched = false
  #watchable = true
  #watchedWritable = false
  #referenced = true
  #kept = false
  #held = false
  messages = 0
  bytes = 0

  constructor(fd: number, settings: Settings, { readable, writable, nonblocking = false, legacy = false }: Traits) {
    const environment = environmentOf()
    const opened = checked(() =>
      environment.native.open(fd, settings.maxMessageSize, settings.spin, settings.descriptors),
    )
    this.#environment = environment
    this.#settings = settings
    this.#nonblocking = nonblocking
    this.#legacy = legacy
    this.#readable = readable ?? opened.readable
    this.id = opened.id
    this.fd = fd
    this.writable = writable ?? opened.writable
    this.#carriesDescriptors = opened.carriesDescriptors
    this.#resource = new EndpointResource(environment, opened.id, fd, settings.spin)
    this.receiver = new Receiver(environment, opened.id, this.#resource, settings.maxMessageSize)
    this.sender = new Sender(environment, opened.id, settings.highWaterMark, {
      blocked: () => this.#watchAgain(),
      waiting: (on) => this.#tellBackPressure(on),
    })
    environment.addIdle(opened.id, this)
    this.#owned = own(this.#resource)
    if (connectionOpen.observed) connectionOpen.publish({ fd, ...this.#directions, codec: settings.codec })
  }

  get readable(): boolean {
    return this.#readable
  }

  get closed(): boolean {
    return this.#closed !== undefined
  }

  /** Throws where the connection is closed. */
  assertOpen(): void {
    if (this.#closed) throw new ConnectionClosedError()
  }

  /** For people who debug. */
  get state(): Record<string, unknown> {
    const { fd, readable, writable, closed, sender } = this
    const { codec = 'custom', highWaterMark } = this.#settings
    return {
      ...(closed ? { closed } : { fd }),
      readable,
      writable,
      codec,
      nonblocking: this.#nonblocking || undefined,
      legacy: this.#legacy || undefined,
      receiving: this.#pending.length || undefined,
      fault: closed ? undefined : this.receiver.fault?.message,
      bufferedAmount: sender.unsent,
      highWaterMark,
    }
  }

  // The way in.

  /** Receives one message, now or when it comes. */
  receive(how: Receive, signal?: AbortSignal): Promise<unknown> {
    try {
      this.assertReadable()
      if (signal?.aborted) throw signal.reason
      if (this.#pending.length === 0) {
        if (this.#nonblocking) return Promise.resolve(this.#takeOrFail(how))
        if (this.#look(how)) return Promise.resolve(this.#take(how))
      }
      this.arm()
    } catch (error) {
      return error instanceof EOFError && 'atEnd' in how ? Promise.resolve(how.atEnd) : Promise.reject(error)
    }
    return new Promise((resolve, reject) => {
      const pending = new Pending(how, resolve, reject)
      if (signal) {
        pending.settled = onAbort(signal, () => {
          this.#pending.splice(this.#pending.indexOf(pending), 1)
          this.#updateHold()
          reject(signal.reason)
        })
      }
      this.#pending.push(pending)
      this.#updateHold()
    })
  }

  /** Receives one message, blocking until it comes. */
  receiveSync(how: Receive): unknown {
    this.assertReadable()
    this.#assertIdle()
    if (this.#nonblocking) return this.#takeOrFail(how)
    this.#block(Infinity, how)
    return this.#take(how)
  }

  /** Receives one message if it is here; `undefined` if not. */
  receiveNow(how: Receive): unknown {
    this.assertReadable()
    return this.#pending.length === 0 && this.receiver.look() ? this.#take(how) : undefined
  }

  /** Whether a receive would not wait. */
  pollNow(): boolean {
    this.assertReadable()
    return this.#pending.length === 0 && this.receiver.look()
  }

  /** Blocks until a receive would not wait, up to `milliseconds`; whether it is so. */
  pollSync(milliseconds: number): boolean {
    this.assertReadable()
    this.#assertIdle()
    return this.receiver.look() || (milliseconds > 0 && this.#block(milliseconds))
  }

  #takeOrFail(how: Receive): unknown {
    if (!this.receiver.look()) throw new WouldBlockError('receive')
    return this.#take(how)
  }

  assertReadable(): void {
    this.assertOpen()
    if (!this.#readable) throw new DirectionError('receive')
  }

  #assertIdle(): void {
    if (this.#pending.length > 0) {
      throw new BusyError(
        `${this.#pending.length} asynchronous receives wait for messages: a blocking one would overtake them`,
      )
    }
  }

  /** Looks for a message where the kernel may have one, within this turn's share of reads. */
  #look({ maxLength, target }: Receive): boolean {
    const { receiver } = this
    while (!receiver.settled && receiver.readable) {
      if (!this.#environment.mayRead()) {
        this.#environment.defer(this)
        return false
      }
      receiver.read(0, target)
    }
    if (!receiver.settled && maxLength !== undefined && receiver.announced > maxLength) {
      throw this.#refuse(receiver.announced, maxLength)
    }
    return receiver.settled
  }

  #block(milliseconds: number, how?: Receive): boolean {
    const [environment, { receiver }] = [this.#environment, this]
    // What was sent before, here or on another connection, may be what the peer is waiting for.
    environment.flush()
    const deadline = new Deadline(milliseconds)
    while (!receiver.settled) {
      if (environment.blockedSenders === 0) {
        receiver.read(deadline.slice(), how?.target)
      } else if (receiver.readable) {
        receiver.read(0, how?.target)
      } else {
        this.arm()
        environment.wait(deadline.slice())
      }
      if (receiver.settled) break
      if (how?.maxLength !== undefined && receiver.announced > how.maxLength) {
        throw this.#refuse(receiver.announced, how.maxLength)
      }
      if (deadline.expired()) return false
    }
    return true
  }

  /** Takes the message or the fault that is here. */
  #take(how: Receive): unknown {
    const { inbox } = this.receiver
    if (!inbox.peek()) {
      const fault = this.receiver.takeFault()
      if (fault instanceof MessageTooLongError) this.#stopReceiving()
      throw fault
    }
    const { chunk, start, end } = inbox
    if (how.maxLength !== undefined && end - start > how.maxLength) throw this.#refuse(end - start, how.maxLength)
    inbox.take()
    const number = this.messages++
    this.bytes += end - start
    return this.receiver.descriptors
      ? this.#takeWithDescriptors(how, number, chunk, start, end)
      : how.take(chunk, start, end)
  }

  /** Takes the message, counted from 0, and the descriptors that came with it. Those that it has no use for are closed. */
  #takeWithDescriptors(how: Receive, number: number, chunk: Chunk, start: number, end: number): unknown {
    const count = descriptorsOf(chunk.bytes, start, end)
    const descriptors = this.#environment.native.takeDescriptors(this.id, number, count)
    if (descriptors.length === 0) return how.take(chunk, start, end)
    const arrived = Arrived.withMessage(descriptors, closeAside, this.#settings)
    let decoded = false
    try {
      const value = how.take(chunk, start, end, arrived)
      decoded = true
      return value
    } finally {
      arrived.finish(decoded)
    }
  }

  /** Receives a descriptor that the peer sends outside the framing, when it comes. */
  receiveHandle(signal: AbortSignal | undefined): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#assertNothingHeld()
      signal?.throwIfAborted()
      const end = (): void => {
        this.unsubscribe(look)
        forget?.()
      }
      const look = (): void => {
        try {
          const fd = this.#handle(0)
          if (fd === undefined) return
          end()
          resolve(fd)
        } catch (error) {
          end()
          reject(error)
        }
      }
      const forget =
        signal &&
        onAbort(signal, () => {
          end()
          reject(signal.reason)
        })
      this.#environment.flush()
      this.arm()
      this.subscribe(look)
      look()
    })
  }

  /** As `receiveHandle`, blocking. */
  receiveHandleSync(): number {
    this.#assertNothingHeld()
    this.#environment.flush()
    for (;;) {
      const fd = this.#handle(FOR_EVER.slice())
      if (fd !== undefined) return fd
    }
  }

  #assertNothingHeld(): void {
    this.assertReadable()
    if (this.#settings.descriptors === Descriptors.None) {
      throw new TypeError('this connection takes no handles: it was made with descriptors: false')
    }
    this.#assertIdle()
    if (this.receiver.holdsBytes) {
      throw new BusyError('received messages are held back: receive them before a handle')
    }
  }

  #handle(timeout: number): number | undefined {
    this.assertReadable()
    const fd = this.#environment.native.receiveHandle(this.id, timeout)
    if (fd >= 0) return fd
    if (fd === NOTHING) return undefined
    if (fd === END) throw new EOFError()
    if (fd === TRUNCATED) throw new ProtocolError('a byte came without a descriptor: the peer did not send a handle')
    throw systemError(fd, 'recvmsg')
  }

  /** A message is too long: as in the original, nothing can be received behind it. */
  #refuse(length: number, maxLength: number): Error {
    const error = new MessageTooLongError(length, maxLength, 'maxLength')
    this.receiver.abandon(error)
    this.#stopReceiving()
    return error
  }

  #stopReceiving(): void {
    if (this.writable) this.#readable = false
    else void this.close()
  }

  // Readiness.

  ready(readable: boolean, writable: boolean, ended: boolean): void {
    if (writable && this.sender.blocked) this.sender.push()
    if (!readable || !this.#open) return
    this.receiver.readable = true
    if (ended) this.receiver.ending = true
    this.#serve()
  }

  /** Tells who waits for something to receive, then gives messages to who waits for them. */
  #serve(): void {
    this.#tellListeners()
    for (let pending = this.#pending[0]; pending; pending = this.#pending[0]) {
      try {
        if (!this.#look(pending.how)) break
        // A codec may close the connection, or receive from it.
        takeFirst(this.#pending)
        pending.settled?.()
        pending.resolve(this.#take(pending.how))
      } catch (error) {
        if (this.#pending[0] === pending) this.#pending.shift()
        pending.settled?.()
        if (error instanceof EOFError && 'atEnd' in pending.how) pending.resolve(pending.how.atEnd)
        else pending.reject(error)
        if (!this.#readable) this.#rejectPending(() => new DirectionError('receive'))
      }
    }
    this.#updateHold()
  }

  #tellListeners(): void {
    if (this.#listeners) for (const listener of this.#listeners) listener(this)
  }

  #rejectPending(error: () => Error): void {
    const pending = this.#pending
    this.#pending = []
    for (const each of pending) {
      each.settled?.()
      each.reject(error())
    }
  }

  /** Has the reactor watch the descriptor. */
  arm(): void {
    if (!this.#watched) this.#watch(this.sender.blocked)
    else if (!this.#watchable) this.receiver.readable = true
  }

  #tellBackPressure(begins: boolean): void {
    const event = begins ? backPressureBegin : backPressureEnd
    if (!event.observed) return
    const { fd, sender } = this
    event.publish({ fd, bufferedAmount: sender.unsent, highWaterMark: this.#settings.highWaterMark })
  }

  #watchAgain(): void {
    if (!this.#open) return
    if (this.sender.blocked !== this.#watchedWritable) this.#watch(this.sender.blocked)
    this.#updateHold()
  }

  #watch(writable: boolean): void {
    this.#watchable = watch(this.#environment, this.id, writable, this.#watched)
    if (!this.#watchable) this.receiver.readable = true
    this.#watched = true
    this.#watchedWritable = writable
  }

  // As a source of `wait`.

  isReady(): boolean {
    this.assertReadable()
    const { receiver } = this
    while (!receiver.settled && receiver.readable) receiver.read(0)
    return receiver.settled
  }

  subscribe(listener: Listener): void {
    this.#listeners ??= new Set()
    this.#listeners.add(listener)
    this.#updateHold()
  }

  unsubscribe(listener: Listener): void {
    if (this.#listeners?.delete(listener) && this.#listeners.size === 0) this.#listeners = undefined
    this.#updateHold()
  }

  // The way out.

  /** Accepts a message of which `bytes[start..end]` is the payload. */
  send(bytes: Uint8Array, start: number, end: number): Promise<void> {
    if (this.#legacy) assertShort(end - start)
    if (!this.#nonblocking) return this.sender.send(bytes, start, end)
    this.sender.sendNow(bytes, start, end)
    return Promise.resolve()
  }

  sendSync(bytes: Uint8Array, start: number, end: number): void {
    if (this.#legacy) assertShort(end - start)
    if (this.#nonblocking) this.sender.sendNow(bytes, start, end)
    else this.sender.sendSync(bytes, start, end)
  }

  /** Accepts a message that is in parts. */
  sendParts(parts: readonly Uint8Array[], bytes: Uint8Array, start: number, end: number): Promise<void> {
    if (this.#nonblocking) return this.#sendJoined(parts, bytes, start, end)
    if (this.#legacy) assertShort(parts.reduce((size, part) => size + part.length, end - start))
    return this.sender.sendParts(parts, bytes, start, end)
  }

  sendPartsSync(parts: readonly Uint8Array[], bytes: Uint8Array, start: number, end: number): void {
    if (this.#nonblocking) void this.#sendJoined(parts, bytes, start, end)
    else {
      if (this.#legacy) assertShort(parts.reduce((size, part) => size + part.length, end - start))
      this.sender.sendPartsSync(parts, bytes, start, end)
    }
  }

  /** Where nothing may wait, all of a message is offered to the kernel at once. */
  #sendJoined(parts: readonly Uint8Array[], bytes: Uint8Array, start: number, end: number): Promise<void> {
    const message = Buffer.concat([...parts, bytes.subarray(start, end)])
    return this.send(message, 0, message.length)
  }

  /** Accepts a message with descriptors: those of `objects`, which are handed over. */
  sendTransferring(bytes: Uint8Array, start: number, end: number, objects: Transferable[]): Promise<void> {
    const message = framed(bytes, start, end, objects)
    const sent = this.sendRaw(message, objects)
    this.#count(message)
    return sent
  }

  /** As `sendTransferring`, blocking until the kernel has taken the message. */
  sendTransferringSync(bytes: Uint8Array, start: number, end: number, objects: Transferable[]): void {
    const message = framed(bytes, start, end, objects)
    this.sendRawSync(message, objects)
    this.#count(message)
  }

  #count(message: Uint8Array): void {
    this.sender.messages++
    this.sender.bytes += message.length - HEADER
  }

  /** Accepts bytes, framed or not, with the descriptors of `objects`, which are handed over. */
  sendRaw(bytes: Uint8Array, objects: Transferable[]): Promise<void> {
    const sent = this.sender.sendWithDescriptors(bytes, this.#duplicates(objects))
    handOver(objects)
    return sent
  }

  /** As `sendRaw`, blocking until the kernel has taken the bytes. */
  sendRawSync(bytes: Uint8Array, objects: Transferable[]): void {
    this.sender.sendWithDescriptorsSync(bytes, this.#duplicates(objects))
    handOver(objects)
  }

  /** Descriptors of the same open files, for a message that takes them along. */
  #duplicates(objects: Transferable[]): number[] {
    if (!this.#carriesDescriptors) {
      throw new SystemError(
        'connections and descriptors can only be sent through a Unix socket, to the same machine (EOPNOTSUPP)',
        'EOPNOTSUPP',
        -constants.errno.EOPNOTSUPP,
        'sendmsg',
      )
    }
    if (this.#nonblocking && this.sender.blocked) throw new WouldBlockError('send')
    const fds: number[] = []
    try {
      // A getter of the value may have closed one meanwhile: then there is no descriptor to be had.
      for (const { [transfer]: how } of objects) {
        const { fd } = how
        fds.push(checked(() => duplicate(fd)))
      }
    } catch (error) {
      for (const fd of fds) closeDescriptor(fd)
      throw error
    }
    return fds
  }

  assertWritable(): void {
    this.assertOpen()
    if (!this.writable) throw new DirectionError('send')
  }

  /** Who is at the other end of a local connection, from the kernel. */
  peerCredentials(): { pid: number; uid: number; gid: number } {
    return checked(() => this.#environment.native.peerCredentials(this.id))
  }

  // Life.

  /** Whether waiting on this connection keeps the event loop alive. */
  reference(on: boolean): void {
    this.#referenced = on
    this.#updateHold()
  }

  /** While somebody waits, or bytes are unsent, the endpoint lives, whoever refers to it; and the event loop goes on. */
  #updateHold(): void {
    const waiting = this.#open && (this.#pending.length > 0 || this.#listeners !== undefined || this.sender.blocked)
    if (waiting !== this.#kept) {
      this.#kept = waiting
      this.#environment.keep(this.id, waiting ? this : undefined)
    }
    const hold = waiting && this.#referenced
    if (hold === this.#held) return
    this.#held = hold
    if (hold) this.#environment.hold()
    else this.#environment.release()
  }

  close(): Promise<void> {
    if (this.#closed) return this.#closed
    const flushed = this.sender.flush()
    this.#closed = flushed.then(
      () => this.#release(),
      // The peer is gone: what it has not read, nobody can deliver.
      () => this.#release(),
    )
    this.#end()
    // Nothing is unsent: the descriptor is closed before the call returns, so that the peer sees it at once.
    if (this.sender.unsent === 0) this.#release()
    return this.#closed
  }

  /** What the connection is, for whoever makes another one over its descriptor. */
  get traits(): Required<Traits> {
    return { ...this.#directions, nonblocking: this.#nonblocking, legacy: this.#legacy }
  }

  get #directions(): { readable: boolean; writable: boolean } {
    const { readable, writable } = this
    return { readable, writable }
  }

  get settings(): Settings {
    return this.#settings
  }

  /** Throws where somebody waits on the connection, or bytes are held back that its descriptor's next owner would miss. */
  assertDetachable(): void {
    this.assertOpen()
    this.#assertIdle()
    if (this.#listeners) throw new BusyError("somebody waits on the connection: it can't be detached")
    this.sender.push()
    if (this.sender.unsent > 0) {
      throw new BusyError(`${this.sender.unsent} bytes are unsent: await flush() before the connection is detached`)
    }
    if (this.receiver.holdsBytes) {
      throw new BusyError('received messages are held back: receive them before the connection is detached')
    }
  }

  /** Gives the descriptor up. */
  detach(): number {
    this.assertDetachable()
    this.#closed = Promise.resolve()
    this.#end()
    this.#forget('detach')
    this.#resource.leave()
    return this.#environment.native.detach(this.id, this.#watched)
  }

  /** Ends all waiting on this end. */
  #end(): void {
    this.receiver.abandon()
    this.#rejectPending(() => new ConnectionClosedError())
    this.#tellListeners()
    this.#updateHold()
  }

  #release(): void {
    if (!this.#open) return
    this.#forget('close')
    this.#resource.close(this.#watched)
  }

  #forget(how: 'close' | 'detach'): void {
    this.#open = false
    if (connectionClose.observed) connectionClose.publish({ fd: this.fd, how })
    disown(this.#owned)
    this.#updateHold()
  }
}

function handOver(objects: Transferable[]): void {
  for (const each of objects) each[transfer].handOver()
}

/** The message `bytes[start..end]` as a whole frame, marked as one that comes with the descriptors of `objects`. */
function framed(bytes: Uint8Array, start: number, end: number, objects: Transferable[]): Uint8Array {
  if (objects.length > DESCRIPTORS_MAX) {
    throw outOfRange('the number of connections in a message', `at most ${DESCRIPTORS_MAX}`, objects.length)
  }
  if (end - start > MAX_SHORT - MARK) {
    throw outOfRange('the size of a message with connections', `at most ${MAX_SHORT - MARK}`, end - start)
  }
  const message = marked(bytes, start, end, objects.length, HEADER)
  message.writeInt32BE(message.length - HEADER)
  return message
}

/** An older Python, or billiard, would take a longer message for something else, and lose step without a word. */
function assertShort(size: number): void {
  if (size <= MAX_SHORT) return
  throw outOfRange(
    'the size of a message to this peer (billiard, or a Python before 3.12)',
    `at most ${MAX_SHORT} bytes`,
    size,
  )
}
