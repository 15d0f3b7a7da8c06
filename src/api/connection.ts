import type { InspectOptions } from 'node:util'

import { decode, encode } from '../codecs/codec.js'
import type { Coder, Encoded } from '../codecs/coder.js'
import { Endpoint, type Traits, type Transport } from '../connection/endpoint.js'
import { receiveHandle, receiveHandleSync } from '../connection/receive-handle.js'
import type { Receive } from '../connection/receive.js'
import { untilReady, untilReported } from '../event-loop/until.js'
import { type Source, type SourceOwner, source } from '../event-loop/waitable.js'
import { onArrival } from '../wire/arrived.js'
import { inJson, type Transfer, type Transferable, transfer } from '../wire/transferable.js'
import * as check from './arguments.js'
import { describe, directionsOf, type ForChild } from './connection-transfer.js'
import { Handle } from './handle.js'
import { inspection, shownAs } from './inspection.js'
import { type ByteMessages, byteMessages, forEach, iterate, messages, type Messages, whole } from './iteration.js'
import { into, limit, part } from './message-part.js'
import type { OptionNames } from './option-names.js'
import {
  CONNECTION_FROM_FD,
  type ConnectionOptions,
  type Directions,
  directions,
  optionsOf,
  type Settings,
  settings,
} from './options.js'
import { receiving as receiveOptions, type ReceiveOptions } from './receive-options.js'

/** The traffic of a connection, payloads only. */
export interface ConnectionStats {
  messagesSent: number
  bytesSent: number
  messagesReceived: number
  bytesReceived: number
}

/** The process at the other end of a local connection, from the kernel. */
export interface PeerCredentials {
  pid: number
  uid: number
  gid: number
}

const WHOLE: Receive = { take: whole }

/** The byte beside a handle: how many there are. */
const HANDLE = Uint8Array.of(1)

const RECV = receiveOptions('recv')
const RECV_BYTES = receiveOptions('recvBytes')
const RECV_BYTES_INTO = receiveOptions('recvBytesInto')
const RECV_HANDLE = receiveOptions('recvHandle')
const POLL = receiveOptions('poll')

/**
 * One end of a connection to another process, which sends and receives whole messages.
 *
 * Made by `pipe()`, `connect()`, a listener's `accept()`, or `Connection.fromFd()`.
 */
export class Connection<TRecv = unknown, TSend = TRecv> implements SourceOwner, Transferable, AsyncIterable<TRecv> {
  readonly #endpoint: Endpoint
  readonly #coder: Coder
  /** Decodes the message that it receives. */
  readonly #decoded: Receive

  private constructor(endpoint: Endpoint, coder: Coder) {
    if (!(endpoint instanceof Endpoint))
      throw new TypeError('a Connection is made by pipe(), connect(), accept() or Connection.fromFd()')
    this.#endpoint = endpoint
    this.#coder = coder
    this.#decoded = { take: (chunk, start, end, arrived) => decode(coder, chunk, start, end, arrived) }
  }

  /**
   * A connection over an open descriptor: a stream socket or a FIFO, from `detach`, from another program. The descriptor is
   * the connection's from then on: it closes it.
   */
  static fromFd<TRecv = unknown, TSend = TRecv>(
    fd: number,
    options?: ConnectionOptions & Directions,
  ): Connection<TRecv, TSend> {
    check.integer('fd', fd, 0, 0x7fffffff)
    const given = check.options(options, CONNECTION_FROM_FD)
    const { readable, writable } = directions(given)
    if (readable === false && writable === false) {
      throw check.outOfRange('readable and writable', 'true, one of them at least', false)
    }
    return Connection.adopt(fd, options, { readable, writable })
  }

  /**
   * A connection over a descriptor that this process owns.
   *
   * @internal
   */
  static adopt<TRecv, TSend>(
    fd: number,
    options: ConnectionOptions | undefined,
    traits: Traits = {},
  ): Connection<TRecv, TSend> {
    const chosen = settings(options)
    return new Connection(new Endpoint(fd, chosen, traits), chosen.coder)
  }

  /**
   * Whether a peer made the connection, to a listener here.
   *
   * @internal
   */
  static isAccepted(connection: Connection): boolean {
    return connection.#endpoint.traits.accepted
  }

  /**
   * Says that both are the ends of a pipe that nobody else has.
   *
   * @internal
   */
  static pair(one: Connection<never, never>, other: Connection<never, never>): void {
    Endpoint.pair(one.#endpoint, other.#endpoint)
  }

  /**
   * Encodes `value` and sends it as one message. Resolves when it is accepted.
   *
   * With the codec `'structured'`, over a Unix socket, the value may contain connections, listeners and `Handle`s at any depth:
   * they arrive as working objects. A connection is handed over: it is closed here; one for which received or unsent data is
   * held back is refused.
   */
  send(value: TSend): Promise<void> {
    // Not an async function: what is accepted at once would take three more turns of the microtask queue to say so.
    try {
      const endpoint = this.#endpoint
      const encoded = this.#encode(value)
      const { parts, bytes, start, end, transferList } = encoded
      if (transferList) {
        if (transferList.length > 0) return endpoint.descriptors.send(bytes, start, end, transferList)
        endpoint.assertLocal()
      }
      if (parts) {
        // The coder would keep them alive until its next message.
        encoded.parts = undefined
        return endpoint.sendParts(parts, bytes, start, end)
      }
      return endpoint.send(bytes, start, end)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** As `send`, blocking until the kernel has taken the message. */
  sendSync(value: TSend): void {
    const encoded = this.#encode(value)
    const { parts, bytes, start, end, transferList } = encoded
    if (parts) encoded.parts = undefined
    if (transferList) {
      if (transferList.length > 0) {
        this.#endpoint.descriptors.sendSync(bytes, start, end, transferList)
        return
      }
      this.#endpoint.assertLocal()
    }
    if (parts) this.#endpoint.sendPartsSync(parts, bytes, start, end)
    else this.#endpoint.sendSync(bytes, start, end)
  }

  #encode(value: TSend): Encoded {
    this.#endpoint.assertWritable()
    const encoded = encode(this.#coder, value)
    // A getter of the value, or the caller's own codec, may have closed the connection.
    this.#endpoint.assertWritable()
    return encoded
  }

  /**
   * Sends `size` bytes of `data` from `offset` on, both in bytes whatever the view's items are, as one message. The memory
   * must not be written until the promise resolves.
   */
  sendBytes(data: ArrayBufferView | ArrayBufferLike, offset = 0, size?: number): Promise<void> {
    try {
      this.#endpoint.assertWritable()
      const bytes = check.bytes('data', data)
      return this.#endpoint.send(bytes, offset, part(bytes, offset, size))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** As `sendBytes`, blocking until the kernel has taken the message. */
  sendBytesSync(data: ArrayBufferView | ArrayBufferLike, offset = 0, size?: number): void {
    this.#endpoint.assertWritable()
    const bytes = check.bytes('data', data)
    this.#endpoint.sendSync(bytes, offset, part(bytes, offset, size))
  }

  /** The next message, decoded. Rejects with an `EOFError` when the peer has closed and nothing is left. */
  recv(options?: ReceiveOptions): Promise<TRecv> {
    return this.#receive(this.#decoded, undefined, options, RECV) as Promise<TRecv>
  }

  /** As `recv`, blocking until a message comes. */
  recvSync(): TRecv {
    return this.#endpoint.receiving.receiveSync(this.#decoded) as TRecv
  }

  /**
   * The next message as bytes, in memory that is the caller's; small ones that came together may lie in one `ArrayBuffer`,
   * which can't be transferred to another thread. One of more than `maxLength` bytes is a `MessageTooLongError`, and
   * the connection no longer receives.
   */
  recvBytes(maxLength?: number, options?: ReceiveOptions): Promise<Buffer> {
    return this.#receive(WHOLE, maxLength, options, RECV_BYTES) as Promise<Buffer>
  }

  /** As `recvBytes`, blocking until a message comes. */
  recvBytesSync(maxLength?: number): Buffer {
    this.#endpoint.receiving.assertReadable()
    return this.#endpoint.receiving.receiveSync({ take: whole, maxLength: limit(maxLength) }) as Buffer
  }

  /**
   * The next message, into `buffer` from byte `offset` on; resolves with its length. One that doesn't fit is a
   * `BufferTooShortError`, whose `data` is the whole message.
   */
  recvBytesInto(buffer: ArrayBufferView | ArrayBufferLike, offset = 0, options?: ReceiveOptions): Promise<number> {
    try {
      this.#endpoint.receiving.assertReadable()
      const signal = check.abortSignal(check.options(options, RECV_BYTES_INTO).signal)
      const { take, target } = into(buffer, offset)
      // An aborted call must leave what has arrived for the next one, so it doesn't read into the caller's memory.
      return this.#endpoint.receiving.receive(signal ? { take } : { take, target }, signal) as Promise<number>
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** As `recvBytesInto`, blocking until a message comes. */
  recvBytesIntoSync(buffer: ArrayBufferView | ArrayBufferLike, offset = 0): number {
    this.#endpoint.receiving.assertReadable()
    return this.#endpoint.receiving.receiveSync(into(buffer, offset)) as number
  }

  /**
   * Whether there is something to receive, a whole message or the end, within `timeout` milliseconds. `Infinity` waits for
   * ever.
   */
  poll(timeout = 0, options?: ReceiveOptions): Promise<boolean> {
    // Not an async function: one that has its answer at once would allocate twice as much.
    try {
      const { receiving } = this.#endpoint
      receiving.assertReadable()
      const milliseconds = check.timeout(timeout)
      const signal = options === undefined ? undefined : check.abortSignal(check.options(options, POLL).signal)
      signal?.throwIfAborted()
      if (receiving.pollNow()) return Promise.resolve(true)
      if (milliseconds === 0 && !receiving.isPutOff) return Promise.resolve(false)
      return receiving.isDrained
        ? untilReported(receiving, milliseconds, signal)
        : untilReady(receiving, milliseconds, signal)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** As `poll`, blocking. */
  pollSync(timeout = 0): boolean {
    this.#endpoint.receiving.assertReadable()
    return this.#endpoint.receiving.pollSync(check.timeout(timeout))
  }

  /** The next message, decoded, if it is here; `undefined` if not. Never waits. */
  tryRecv(): TRecv | undefined {
    return this.#endpoint.receiving.receiveNow(this.#decoded) as TRecv | undefined
  }

  /** The next message as bytes, if it is here; `undefined` if not. Never waits. */
  tryRecvBytes(): Buffer | undefined {
    return this.#endpoint.receiving.receiveNow(WHOLE) as Buffer | undefined
  }

  /**
   * Sends an open descriptor as Python's `multiprocessing.reduction.send_handle` does: outside the framing, to a peer that is
   * about to receive it so, over a Unix socket. It stays the caller's. Not for a Python on macOS, which acknowledges it.
   */
  async sendHandle(fd: number): Promise<void> {
    this.#endpoint.assertWritable()
    return this.#endpoint.descriptors.sendRaw(HANDLE, new Handle(fd))
  }

  /** As `sendHandle`, blocking until the kernel has taken it. */
  sendHandleSync(fd: number): void {
    this.#endpoint.assertWritable()
    this.#endpoint.descriptors.sendRawSync(HANDLE, new Handle(fd))
  }

  /**
   * Receives a descriptor that the peer sends by `sendHandle`, or by Python's `multiprocessing.reduction.send_handle`. It is the
   * caller's. Refused while received messages are held back.
   */
  async recvHandle(options?: ReceiveOptions): Promise<Handle> {
    return new Handle(
      await receiveHandle(this.#endpoint, check.abortSignal(check.options(options, RECV_HANDLE).signal)),
    )
  }

  /** As `recvHandle`, blocking until it comes. */
  recvHandleSync(): Handle {
    return new Handle(receiveHandleSync(this.#endpoint))
  }

  /** Resolves when the kernel has taken all that was sent; rejects where it can't. */
  async flush(): Promise<void> {
    this.#endpoint.assertWritable()
    return this.#endpoint.sending.flush()
  }

  /** As `flush`, blocking. */
  flushSync(): void {
    this.#endpoint.assertWritable()
    this.#endpoint.sending.flushSync()
  }

  /**
   * Closes this end for the caller at once. What was sent before is still delivered, and the promise resolves then. It never
   * rejects: use `flush` to know.
   */
  close(): Promise<void> {
    return this.#endpoint.close()
  }

  /**
   * Closes this end at once, without delivering what is unsent: for a peer that has stalled. Calls that wait reject with a
   * `ConnectionClosedError`; a promise of `close` resolves.
   */
  destroy(): void {
    this.#endpoint.destroy()
  }

  /**
   * Gives the file descriptor up to the caller. Refused while received or unsent data is held back; the connection is closed
   * otherwise.
   */
  detach(): number {
    return this.#endpoint.detach()
  }

  /**
   * Messages, decoded, until the end, or until this program closes the connection. Leaving the loop does not close it. A
   * `DecodeError` ends the loop: the next message is there for another one.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<TRecv> {
    return iterate(this.#endpoint.receiving, this.#decoded.take) as AsyncIterableIterator<TRecv>
  }

  /**
   * Calls `callback` for each message, decoded, in order: the way to receive at full rate, without a promise a message. Where it
   * returns a promise, the next message waits for that.
   *
   * Resolves at the end of the stream, and when this program closes the connection. Rejects with what the callback threw, a
   * `DecodeError`, the connection's fault, or the signal's reason; the next message is there for the next call. Until then,
   * any other receive is a `BusyError`. The callback runs in the async context of the call.
   */
  forEach(callback: (value: TRecv) => unknown, options?: ReceiveOptions): Promise<void> {
    return forEach(this.#endpoint.receiving, this.#decoded.take, callback, options)
  }

  /** Messages as bytes, until the end, or until this program closes the connection. Leaving the loop does not close it. */
  bytes(): ByteMessages {
    return byteMessages(this.#endpoint.receiving)
  }

  /** Waiting on the connection keeps the event loop alive, as it does from the start. */
  ref(): this {
    this.#endpoint.reference(true)
    return this
  }

  /** Waiting on the connection no longer keeps the event loop alive. */
  unref(): this {
    this.#endpoint.reference(false)
    return this
  }

  /** Whether this end was closed, or detached. */
  get closed(): boolean {
    return this.#endpoint.closed
  }

  /** Whether this end receives. */
  get readable(): boolean {
    return this.#endpoint.readable
  }

  /** Whether this end sends. */
  get writable(): boolean {
    return this.#endpoint.writable
  }

  /** The file descriptor. It stays the connection's. */
  get fd(): number {
    this.#endpoint.assertOpen()
    this.#endpoint.share()
    return this.#endpoint.fd
  }

  /** How bytes reach the peer: through a `'socket'`, or a `'named-pipe'`, as Windows has them, or a FIFO. */
  get transport(): Transport {
    return this.#endpoint.transport
  }

  /** Bytes that were accepted and that the kernel has not taken, headers included. */
  get bufferedAmount(): number {
    return this.#endpoint.sending.unsent
  }

  /** The traffic so far. */
  get stats(): ConnectionStats {
    const { sending, receiving } = this.#endpoint
    return {
      messagesSent: sending.messages,
      bytesSent: sending.bytes,
      messagesReceived: receiving.reading.messages,
      bytesReceived: receiving.reading.bytes,
    }
  }

  /** The process at the other end of a local connection: for a pipe, the one that made it. */
  get peerCredentials(): PeerCredentials {
    this.#endpoint.assertOpen()
    return this.#endpoint.peerCredentials()
  }

  [Symbol.dispose](): void {
    void this.#endpoint.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#endpoint.close()
  }

  /** @internal */
  [inspection](depth: number, options: InspectOptions): string {
    return shownAs('Connection', { ...this.#endpoint.state, ...this.stats }, depth, options)
  }

  /** @internal */
  toJSON(): object {
    return inJson('connection', { ...this.#endpoint.state, ...this.stats })
  }

  /** @internal */
  [messages](callback: (value: unknown) => void): Messages {
    const consumer = this.#endpoint.receiving.consume(this.#decoded, callback)
    return { done: consumer.done, setIdle: (idle) => consumer.setIdle(idle) }
  }

  /** @internal */
  get [source](): Source {
    return this.#endpoint.receiving
  }

  /** @internal */
  get [transfer](): Transfer {
    const endpoint = this.#endpoint
    return {
      kind: 'connection',
      get fd() {
        endpoint.assertDetachable()
        endpoint.share()
        return endpoint.fd
      },
      describe: (carrier) => {
        endpoint.assertDetachable()
        return describe(endpoint, carrier)
      },
      handOver: () => void endpoint.close(),
    }
  }

  #receive(
    how: Receive,
    maxLength: number | undefined,
    options: ReceiveOptions | undefined,
    names: OptionNames<ReceiveOptions>,
  ): Promise<unknown> {
    try {
      const { receiving } = this.#endpoint
      if (options === undefined && maxLength === undefined) return receiving.receive(how)
      receiving.assertReadable()
      const { signal } = check.options(options, names)
      return receiving.receive({ ...how, maxLength: limit(maxLength) }, check.abortSignal(signal))
    } catch (error) {
      return Promise.reject(error)
    }
  }
}

onArrival('connection', {
  fromMessage({ fd, isStream }, described, carrier: Settings) {
    if (!isStream)
      throw new TypeError('the descriptor that the message calls a connection is no stream socket: it is closed')
    return Connection.adopt(fd, optionsOf(carrier), directionsOf(described))
  },
  fromParent: (fd, { traits, options }: ForChild) => Connection.adopt(fd, options, traits),
  discard: (connection: Connection) => void connection.close(),
})
