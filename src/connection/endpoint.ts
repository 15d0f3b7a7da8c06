import { outOfRange } from '../api/arguments.js'
import { backPressureBegin, backPressureEnd, connectionClose, connectionOpen } from '../api/diagnostics.js'
import { ConnectionClosedError, DirectionError, SystemError } from '../api/errors.js'
import type { Settings } from '../api/options.js'
import { type Environment, type Watcher, environmentOf } from '../event-loop/environment.js'
import { Registration } from '../event-loop/registration.js'
import { disown, own } from '../event-loop/resource.js'
import { queueMicrotask } from '../event-loop/timers.js'
import { os } from '../native/builtins.js'
import { checked } from '../native/status.js'
import { atPlace } from '../codecs/path.js'
import { MAX_SHORT } from '../wire/frame.js'
import type { TransferList } from '../wire/transferable.js'
import { ArrivedDescriptors } from './arrived-descriptors.js'
import { DescriptorSender } from './descriptor-sender.js'
import { EndpointResource } from './endpoint-resource.js'
import { assertDetachable, type HandedOver } from './handover.js'
import { Liveness } from './liveness.js'
import { Reader } from './reader.js'
import { ReceivePath } from './receive-path.js'
import type { Receiving } from './receiving.js'
import { SendPath, type SendWatcher, sizeOf } from './send-path.js'
import type { Traits, Transport } from './traits.js'

/** One end of a connection, behind the public class: its life, and the two paths that messages take. */
export class Endpoint implements Watcher, Receiving, SendWatcher, HandedOver {
  readonly id: number
  readonly fd: number
  readonly writable: boolean
  readonly transport: Transport
  readonly settings: Settings
  readonly receiving: ReceivePath
  readonly sending: SendPath
  readonly liveness: Liveness
  readonly descriptors: DescriptorSender
  readonly #nonblocking: boolean
  readonly #carriesDescriptors: boolean
  readonly #legacy: boolean
  readonly #accepted: boolean
  readonly #environment: Environment
  readonly #registration: Registration
  readonly #resource: EndpointResource
  readonly #owned: object
  #closed: Promise<void> | undefined
  /** Why the connection is closed, if the caller didn't close it. */
  #fault: Error | undefined
  #open = true

  constructor(fd: number, settings: Settings, traits: Traits) {
    const environment = environmentOf()
    const { nonblocking = false, legacy = false, accepted = false, offers = false } = traits
    const { maxMessageSize: limit, spin, descriptors, readAhead, ringSize } = settings
    const { resumes } = traits
    const taken = resumes && { memory: resumes.take(), second: resumes.second }
    const opening = { limit, spin, descriptors, readAhead, ringSize, offers, ...taken }
    const opened = checked(() => environment.native.open(fd, opening))
    const { id } = opened
    this.#environment = environment
    this.settings = settings
    this.#nonblocking = nonblocking
    this.#legacy = legacy
    this.#accepted = accepted
    this.id = id
    this.fd = fd
    this.transport = ringSize > 0 ? 'shared-memory' : opened.socket ? 'socket' : 'named-pipe'
    this.writable = traits.writable ?? opened.writable
    this.#resource = new EndpointResource(environment, id, fd)
    this.#registration = new Registration(environment, id, this)
    this.receiving = new ReceivePath(
      environment,
      id,
      new Reader(environment, id, this.#resource, limit, settings.coder),
      this.#registration,
      this,
      new ArrivedDescriptors(environment, id, settings),
      { readable: traits.readable ?? opened.readable, nonblocking, readAhead },
    )
    this.sending = new SendPath(environment, id, settings.highWaterMark, this)
    this.liveness = new Liveness(this.#registration, this.receiving, this.sending)
    this.#carriesDescriptors = opened.carriesDescriptors
    this.descriptors = new DescriptorSender(this.sending, opened.carriesDescriptors, nonblocking, ringSize > 0)
    this.#owned = own(this.#resource)
    if (connectionOpen.observed) connectionOpen.publish({ fd, ...this.#directions, codec: settings.codec })
  }

  get readable(): boolean {
    return this.receiving.readable
  }

  get closed(): boolean {
    return this.#closed !== undefined
  }

  /** Throws if the connection is closed. */
  assertOpen(): void {
    if (this.#closed) throw this.#closedError()
  }

  assertWritable(): void {
    this.assertOpen()
    if (!this.writable) throw new DirectionError('send')
  }

  #closedError(): Error {
    const cause = this.#fault
    return cause
      ? new ConnectionClosedError(`the connection is closed: ${cause.message}`, { cause })
      : new ConnectionClosedError()
  }

  /** Throws if a message contains shared memory and the peer may be on another machine, where its name means nothing. */
  assertLocal(transferList: TransferList): void {
    if (this.#carriesDescriptors || this.transport !== 'socket') return
    throw new SystemError(
      atPlace(
        transferList.placeOfSegment(),
        'shared memory can only be sent to the same machine, and not over TCP (EOPNOTSUPP)',
      ),
      'EOPNOTSUPP',
      -os().constants.errno.EOPNOTSUPP,
      'sendmsg',
    )
  }

  /** The state, for debugging. */
  get state(): Record<string, unknown> {
    const { fd, readable, writable, closed, receiving, sending } = this
    const { codec = 'custom', highWaterMark } = this.settings
    return {
      ...(closed ? { closed } : { fd }),
      readable,
      writable,
      codec,
      nonblocking: this.#nonblocking || undefined,
      legacy: this.#legacy || undefined,
      receiving: receiving.pending || undefined,
      fault: closed ? undefined : receiving.reader.fault?.message,
      bufferedAmount: sending.unsent,
      highWaterMark,
    }
  }

  /** The connection's traits, for a program that makes another one over its descriptor. */
  get traits(): Required<Omit<Traits, 'resumes'>> {
    return {
      ...this.#directions,
      nonblocking: this.#nonblocking,
      legacy: this.#legacy,
      accepted: this.#accepted,
      // The memory that was offered goes along, or the peer's offer is still to be read.
      offers: false,
    }
  }

  get #directions(): { readable: boolean; writable: boolean } {
    const { readable, writable } = this
    return { readable, writable }
  }

  /** The process at the other end of a local connection, from the kernel. */
  peerCredentials(): { pid: number; uid: number; gid: number } {
    try {
      return checked(() => this.#environment.native.peerCredentials(this.id))
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
      const { code, errno, syscall } = error
      const message = `the system knows no peer of this connection (${code}): it does of a Unix socket, and not of TCP or a FIFO`
      throw new SystemError(message, code, errno, syscall)
    }
  }

  // Sending.

  /** Accepts a message of which `bytes[start..end]` is the payload. */
  send(bytes: Uint8Array, start: number, end: number): Promise<void> {
    if (this.#legacy) assertShort(end - start)
    if (!this.#nonblocking) return this.sending.send(bytes, start, end)
    this.sending.sendNow(bytes, start, end)
    return Promise.resolve()
  }

  sendSync(bytes: Uint8Array, start: number, end: number): void {
    if (this.#legacy) assertShort(end - start)
    if (this.#nonblocking) this.sending.sendNow(bytes, start, end)
    else this.sending.sendSync(bytes, start, end)
  }

  /** Accepts a message that is in parts. */
  sendParts(parts: readonly Uint8Array[], bytes: Uint8Array, start: number, end: number): Promise<void> {
    if (this.#nonblocking) return this.#sendJoined(parts, bytes, start, end)
    if (this.#legacy) assertShort(sizeOf(parts) + end - start)
    return this.sending.sendParts(parts, bytes, start, end)
  }

  sendPartsSync(parts: readonly Uint8Array[], bytes: Uint8Array, start: number, end: number): void {
    if (this.#nonblocking) void this.#sendJoined(parts, bytes, start, end)
    else {
      if (this.#legacy) assertShort(sizeOf(parts) + end - start)
      this.sending.sendPartsSync(parts, bytes, start, end)
    }
  }

  /** Where nothing may wait, all of a message is offered to the kernel at once. */
  #sendJoined(parts: readonly Uint8Array[], bytes: Uint8Array, start: number, end: number): Promise<void> {
    const message = Buffer.concat([...parts, bytes.subarray(start, end)])
    return this.send(message, 0, message.length)
  }

  // Readiness.

  ready(readable: boolean, writable: boolean, ended: boolean): void {
    if (writable && this.sending.blocked) this.sending.push()
    if (!readable || !this.#open) return
    const { reader } = this.receiving
    reader.readable = true
    if (ended) reader.ending = true
    this.receiving.serve()
  }

  onAwaited(): void {
    this.liveness.update()
  }

  onBlocked(): void {
    if (!this.#open) return
    this.#registration.watchFor(this.sending.blocked)
    this.liveness.update()
  }

  onWaiting(on: boolean): void {
    const event = on ? backPressureBegin : backPressureEnd
    if (!event.observed) return
    const { fd, sending, settings } = this
    const message = { fd, bufferedAmount: sending.unsent, highWaterMark: settings.highWaterMark }
    if (on) event.publish(message)
    // It may be in the middle of another send: an observer's code must not run there, which may send something itself.
    else queueMicrotask(() => event.publish(message))
  }

  onRefused(): void {
    if (this.writable) this.receiving.readable = false
    else void this.close()
  }

  // Life.

  /** Whether waiting on this connection keeps the event loop alive. */
  reference(on: boolean): void {
    this.#registration.reference(on)
  }

  close(): Promise<void> {
    if (this.#closed) return this.#closed
    const flushed = this.sending.flush()
    this.#closed = flushed.then(
      () => this.#release(),
      // The peer is gone: what it has not read can't be delivered.
      () => this.#release(),
    )
    this.#end()
    // Nothing is unsent: the descriptor is closed before the call returns, so that the peer sees it at once.
    if (this.sending.unsent === 0) this.#release()
    return this.#closed
  }

  /** Closes the connection without delivering what is unsent. */
  destroy(fault?: Error): void {
    if (!this.#open) return
    if (!this.#closed) {
      this.#fault = fault
      this.#closed = Promise.resolve()
      this.#end()
    }
    this.sending.abandon(this.#closedError())
    this.#release()
  }

  onBroken(error: Error): void {
    this.destroy(error)
  }

  endedQuietly(error: unknown): boolean {
    return this.closed && this.#fault === undefined && error instanceof ConnectionClosedError
  }

  get isMapped(): boolean {
    return this.settings.ringSize > 0 && !this.closed && this.#environment.native.hasRing(this.id)
  }

  get ringParts(): { memory: number; second: boolean } | undefined {
    return this.#environment.native.ringParts(this.id) ?? undefined
  }

  /** Gives the descriptor up. */
  detach(): number {
    assertDetachable(this)
    this.#closed = Promise.resolve()
    this.#end()
    this.#forget('detach')
    this.#resource.leave()
    return this.#environment.native.detach(this.id)
  }

  /** Ends all waiting on this end. */
  #end(): void {
    this.receiving.end(() => this.#closedError())
    this.liveness.update()
  }

  #release(): void {
    if (!this.#open) return
    this.#forget('close')
    this.#resource.close()
  }

  #forget(how: 'close' | 'detach'): void {
    this.#open = false
    if (connectionClose.observed) connectionClose.publish({ fd: this.fd, how })
    disown(this.#owned)
    this.liveness.end()
  }
}

/** An older Python, or billiard, would misread the header of a longer message, and every message behind it. */
function assertShort(size: number): void {
  if (size <= MAX_SHORT) return
  throw outOfRange(
    'the size of a message to this peer (billiard, or a Python before 3.12)',
    `at most ${MAX_SHORT} bytes`,
    size,
  )
}
