import type { InspectOptions } from 'node:util'

import { decode, encode } from '../codecs/codec.js'
import type { Coder, Encoded } from '../codecs/coder.js'
import { Endpoint } from '../connection/endpoint.js'
import { assertTransferable, transferredMemory } from '../connection/handover.js'
import { Liveness } from '../connection/liveness.js'
import type { Traits, Transport } from '../connection/traits.js'
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
  optionsOfArrival,
  type Settings,
  settings,
} from './options.js'
import { receiving as receiveOptions, type ReceiveOptions } from './receive-options.js'
import { isShared } from './transport.js'

/**
 * The traffic of a connection, payloads only.
 * See {@link Connection.stats}.
 */
export interface ConnectionStats {
  /** Messages that were accepted. */
  messagesSent: number
  /** Their bytes. */
  bytesSent: number
  /** Messages that were delivered to the program. */
  messagesReceived: number
  /** Their bytes. */
  bytesReceived: number
}

/**
 * The process at the other end of a local connection, from the kernel.
 * See {@link Connection.peerCredentials}.
 */
export interface PeerCredentials {
  /** Its process id. */
  pid: number
  /** Its effective user. */
  uid: number
  /** Its effective group. */
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
 * Made by {@link pipe}, {@link connect}, {@link Listener.accept} or {@link Connection.fromFd}, or received: in a message, or among
 * the arguments of a {@link Process}.
 *
 * @example
 * ```ts
 * import { pipe } from 'carom'
 *
 * const [here, there] = pipe()
 * await there.send({ name: 'cue ball', position: [127, 64] })
 * await there.send(new Map([['red', 1]]))
 * await there.close()
 * for await (const message of here) console.log(message)
 * // { name: 'cue ball', position: [ 127, 64 ] }
 * // Map(1) { 'red' => 1 }
 * await here.close()
 * console.log(here.closed) // true
 * ```
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
   * A connection over an open descriptor, a stream socket or a FIFO, from `detach` or from another program. From then on the
   * descriptor belongs to the connection, which closes it.
   *
   * @example
   * ```ts
   * import { Connection, pipe } from 'carom'
   *
   * const [here, there] = pipe()
   * const fd = there.detach() // a number, for another thread or library
   * const adopted = Connection.fromFd(fd)
   * await adopted.send('still the same stream')
   * console.log(await here.recv()) // still the same stream
   * ```
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
   * Marks both as the ends of a pipe that no other process has.
   *
   * @internal
   */
  static pair(one: Connection<never, never>, other: Connection<never, never>): void {
    Liveness.pair(one.#endpoint.liveness, other.#endpoint.liveness)
  }

  /**
   * Encodes `value` and sends it as one message. Resolves when it is accepted.
   *
   * With the codec `'structured'`, over a Unix socket, the value may contain connections, listeners and `Handle`s at any depth:
   * they arrive as working objects. A connection is handed over, and closed here; one that holds received or unsent data is
   * refused.
   *
   * @example
   * ```ts
   * import { Connection, pipe } from 'carom'
   *
   * const [near, far] = pipe<{ reply: Connection }>()
   * const [here, there] = pipe()
   * await near.send({ reply: there })
   * const { reply } = await far.recv()
   * await reply.send('by the connection that came in the message')
   * console.log(await here.recv()) // by the connection that came in the message
   * ```
   */
  send(value: TSend): Promise<void> {
    // Not an async function: a send that is accepted at once would resolve three microtasks later.
    try {
      const endpoint = this.#endpoint
      const encoded = this.#encode(value)
      const { parts, bytes, start, end, transferList } = encoded
      if (transferList) {
        if (transferList.length > 0) return endpoint.descriptors.send(bytes, start, end, transferList)
        endpoint.assertLocal(transferList)
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

  /**
   * As `send`, blocking until the kernel has taken the message.
   *
   * @example
   * ```ts
   * import { pipe } from 'carom'
   *
   * const [here, there] = pipe()
   * here.sendSync([1, 2, 3])
   * console.log(there.recvSync()) // [ 1, 2, 3 ]
   * ```
   */
  sendSync(value: TSend): void {
    const encoded = this.#encode(value)
    const { parts, bytes, start, end, transferList } = encoded
    if (parts) encoded.parts = undefined
    if (transferList) {
      if (transferList.length > 0) {
        this.#endpoint.descriptors.sendSync(bytes, start, end, transferList)
        return
      }
      this.#endpoint.assertLocal(transferList)
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
   *
   * @example
   * ```ts
   * import { pipe } from 'carom'
   *
   * const [here, there] = pipe()
   * await here.sendBytes(Buffer.from('0123456789'), 2, 3)
   * here.sendBytesSync(Float64Array.of(0.5))
   * console.log(String(await there.recvBytes())) // 234
   * console.log(there.recvBytesSync().readDoubleLE()) // 0.5
   * ```
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

  /**
   * The next message, decoded. Rejects with an `EOFError` when the peer has closed and nothing is left.
   *
   * @example
   * ```ts
   * import { EOFError, pipe } from 'carom'
   *
   * const [here, there] = pipe<string>()
   * await there.send('one message')
   * await there.close()
   * console.log(await here.recv({ signal: AbortSignal.timeout(5000) })) // one message
   * await here.recv().catch((error: unknown) => console.log(error instanceof EOFError)) // true
   * ```
   */
  recv(options?: ReceiveOptions): Promise<TRecv> {
    return this.#receive(this.#decoded, undefined, options, RECV) as Promise<TRecv>
  }

  /** As `recv`, blocking until a message comes. */
  recvSync(): TRecv {
    return this.#endpoint.receiving.receiveSync(this.#decoded) as TRecv
  }

  /**
   * The next message as bytes, in memory that the caller owns. Small messages that came together may share one `ArrayBuffer`, which
   * can't be transferred to another thread. A message of more than `maxLength` bytes is a `MessageTooLongError`, and the connection
   * no longer receives.
   *
   * @example
   * ```ts
   * import { pipe } from 'carom'
   *
   * const [here, there] = pipe()
   * await there.sendBytes(Uint8Array.of(1, 2, 3))
   * console.log(await here.recvBytes(1024, { signal: AbortSignal.timeout(5000) })) // <Buffer 01 02 03>
   * ```
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
   * Receives the next message into `buffer`, from byte `offset` on, and resolves with its length. If it doesn't fit, that is a
   * `BufferTooShortError`, whose `data` is the whole message.
   *
   * @example
   * ```ts
   * import { pipe } from 'carom'
   *
   * const [here, there] = pipe()
   * const numbers = new Float64Array(4)
   * await there.sendBytes(Float64Array.of(0.5, 1.5))
   * console.log(await here.recvBytesInto(numbers, 8)) // 16
   * console.log(numbers) // Float64Array(4) [ 0, 0.5, 1.5, 0 ]
   * await there.sendBytes(Float64Array.of(7))
   * console.log(here.recvBytesIntoSync(numbers)) // 8
   * ```
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
   *
   * @example
   * ```ts
   * import { pipe } from 'carom'
   *
   * const [here, there] = pipe()
   * console.log(await here.poll()) // false
   * await there.send('hello')
   * console.log(await here.poll(1000), here.pollSync()) // true true
   * ```
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

  /**
   * The next message, decoded, if it is here; `undefined` if not. Never waits.
   *
   * @example
   * ```ts
   * import { pipe } from 'carom'
   *
   * const [here, there] = pipe()
   * await there.send('one')
   * await there.flush()
   * console.log(here.tryRecv(), here.tryRecv(), here.tryRecvBytes()) // one undefined undefined
   * ```
   */
  tryRecv(): TRecv | undefined {
    return this.#endpoint.receiving.receiveNow(this.#decoded) as TRecv | undefined
  }

  /** The next message as bytes, if it is here; `undefined` if not. Never waits. */
  tryRecvBytes(): Buffer | undefined {
    return this.#endpoint.receiving.receiveNow(WHOLE) as Buffer | undefined
  }

  /**
   * Sends an open descriptor as Python's `multiprocessing.reduction.send_handle` does: over a Unix socket, outside the framing, to
   * a peer that expects it. The caller keeps the descriptor. Not for a Python on macOS, which sends an acknowledgement.
   *
   * @example
   * ```ts
   * import { openSync, readFileSync } from 'node:fs'
   * import { pipe } from 'carom'
   *
   * const [here, there] = pipe()
   * await here.sendHandle(openSync('example.js', 'r'))
   * here.sendHandleSync(0)
   * const handle = await there.recvHandle()
   * console.log(readFileSync(handle.fd, 'utf8').includes('sendHandle')) // true
   * handle.close()
   * there.recvHandleSync().close()
   * ```
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
   * Receives a descriptor that the peer sends with `sendHandle`, or with Python's `multiprocessing.reduction.send_handle`. The
   * caller owns it. Refused while the connection holds received messages.
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

  /**
   * Resolves when the kernel has taken everything that was sent; rejects if it can't.
   *
   * @example
   * ```ts
   * import { pipe } from 'carom'
   *
   * const [here, there] = pipe()
   * await here.send('hello') // accepted
   * await here.flush() // and with the kernel: this process's end no longer matters
   * here.flushSync() // the same, blocking
   * console.log(here.bufferedAmount, await there.recv()) // 0 hello
   * ```
   */
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
   * Closes this end for the caller at once. Messages that were sent before are still delivered, and the promise resolves after
   * that. It never rejects: use `flush` to learn of a failure.
   *
   * @example
   * ```ts
   * import { pipe } from 'carom'
   *
   * const [here, there] = pipe()
   * await here.send('delivered all the same')
   * await here.close()
   * console.log(here.closed, await there.recv()) // true delivered all the same
   * ```
   */
  close(): Promise<void> {
    return this.#endpoint.close()
  }

  /**
   * Closes this end at once and discards unsent messages: for a peer that has stalled. Pending calls reject with a
   * `ConnectionClosedError`; a pending `close` resolves.
   *
   * @example
   * ```ts
   * import { pipe } from 'carom'
   *
   * const [here, there] = pipe()
   * const stuck = here.sendBytes(new Uint8Array(64 * 1024 * 1024)) // there reads nothing
   * here.destroy()
   * console.log(await stuck.catch((error: Error) => error.name)) // ConnectionClosedError
   * ```
   */
  destroy(): void {
    this.#endpoint.destroy()
  }

  /**
   * Closes the connection without closing its file descriptor, which then belongs to the caller. Refused while the connection holds
   * received or unsent data.
   *
   * @example
   * ```ts
   * import { Worker } from 'node:worker_threads'
   * import { pipe } from 'carom'
   *
   * const [here, there] = pipe()
   * const program = `
   *   const { workerData } = require('node:worker_threads')
   *   const { Connection } = require('carom')
   *   void Connection.fromFd(workerData).send('from the worker thread')
   * `
   * new Worker(program, { eval: true, workerData: there.detach() })
   * console.log(await here.recv()) // from the worker thread
   * ```
   */
  detach(): number {
    return this.#endpoint.detach()
  }

  /**
   * Decoded messages, until the end, or until this program closes the connection. Leaving the loop does not close it. A
   * `DecodeError` ends the loop; another loop continues with the next message.
   *
   * @example
   * ```ts
   * import { pipe } from 'carom'
   *
   * const [here, there] = pipe<number>()
   * for (const n of [1, 2]) await there.send(n)
   * await there.close()
   * for await (const n of here) console.log(n)
   * // 1
   * // 2
   * ```
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<TRecv> {
    return iterate(this.#endpoint.receiving, this.#decoded.take) as AsyncIterableIterator<TRecv>
  }

  /**
   * Calls `callback` with each decoded message, in order: the way to receive at full rate, without a promise per message. If it
   * returns a promise, the next message waits for that.
   *
   * Resolves at the end of the stream, and when this program closes the connection. Rejects with the error that the callback threw,
   * a `DecodeError`, the connection's fault, or the signal's reason; the next call continues with the next message. Until then, any
   * other receive is a `BusyError`. The callback runs in the async context of the call.
   *
   * @example
   * ```ts
   * import { pipe } from 'carom'
   *
   * const [here, there] = pipe<number>()
   * for (let n = 1; n <= 1000; n++) void there.send(n)
   * void there.close()
   * let sum = 0
   * await here.forEach((n) => {
   *   sum += n
   * })
   * console.log(sum) // 500500
   * ```
   */
  forEach(callback: (value: TRecv) => unknown, options?: ReceiveOptions): Promise<void> {
    return forEach(this.#endpoint.receiving, this.#decoded.take, callback, options)
  }

  /**
   * Messages as bytes, until the end, or until this program closes the connection. Leaving the loop does not close it.
   *
   * @example
   * ```ts
   * import { pipe } from 'carom'
   *
   * const [here, there] = pipe()
   * await there.sendBytes(Buffer.from('first'))
   * await there.sendBytes(Buffer.from('second'))
   * await there.close()
   * for await (const message of here.bytes()) {
   *   console.log(String(message)) // first
   *   break
   * }
   * const rest: string[] = []
   * await here.bytes().forEach((message) => rest.push(String(message)))
   * console.log(rest) // [ 'second' ]
   * ```
   */
  bytes(): ByteMessages {
    return byteMessages(this.#endpoint.receiving)
  }

  /** Waiting on the connection keeps the event loop alive, as it does from the start. */
  ref(): this {
    this.#endpoint.reference(true)
    return this
  }

  /**
   * Waiting on the connection no longer keeps the event loop alive.
   *
   * @example
   * ```ts
   * import { pipe } from 'carom'
   *
   * const [here] = pipe()
   * here.unref()
   * void here.recv() // does not keep the program alive: without unref(), it would wait for ever
   * console.log('the end') // the end
   * ```
   */
  unref(): this {
    this.#endpoint.reference(false)
    return this
  }

  /** Whether this end was closed, or detached. */
  get closed(): boolean {
    return this.#endpoint.closed
  }

  /**
   * Whether this end receives.
   *
   * @example
   * ```ts
   * import { pipe } from 'carom'
   *
   * const [receiver, sender] = pipe({ duplex: false })
   * console.log(receiver.readable, receiver.writable, sender.readable, sender.writable) // true false false true
   * ```
   */
  get readable(): boolean {
    return this.#endpoint.readable
  }

  /** Whether this end sends. */
  get writable(): boolean {
    return this.#endpoint.writable
  }

  /**
   * The file descriptor. It stays the connection's.
   *
   * @example
   * ```ts
   * import { fstatSync } from 'node:fs'
   * import { pipe } from 'carom'
   *
   * const [here] = pipe()
   * console.log(fstatSync(here.fd).isSocket()) // true
   * ```
   */
  get fd(): number {
    this.#endpoint.assertOpen()
    this.#endpoint.liveness.share()
    return this.#endpoint.fd
  }

  /** How bytes reach the peer: through a `'socket'`, a `'named-pipe'`, as Windows has them, or a FIFO, or `'shared-memory'`. */
  get transport(): Transport {
    return this.#endpoint.transport
  }

  /**
   * Accepted bytes that the kernel has not taken yet, headers included.
   *
   * @example
   * ```ts
   * import { pipe } from 'carom'
   *
   * const [here] = pipe()
   * void here.sendBytes(new Uint8Array(64 * 1024 * 1024))
   * console.log(here.bufferedAmount > 0) // true
   * ```
   */
  get bufferedAmount(): number {
    return this.#endpoint.sending.unsent
  }

  /**
   * The traffic so far.
   *
   * @example
   * ```ts
   * import { pipe } from 'carom'
   *
   * const [here, there] = pipe()
   * await here.sendBytes(new Uint8Array(100))
   * await there.recvBytes()
   * const { messagesSent, bytesSent } = here.stats
   * const { messagesReceived, bytesReceived } = there.stats
   * console.log(messagesSent, bytesSent, messagesReceived, bytesReceived) // 1 100 1 100
   * ```
   */
  get stats(): ConnectionStats {
    const { sending, receiving } = this.#endpoint
    return {
      messagesSent: sending.messages,
      bytesSent: sending.bytes,
      messagesReceived: receiving.reading.messages,
      bytesReceived: receiving.reading.bytes,
    }
  }

  /**
   * The process at the other end of a local connection: for a pipe, the one that made it.
   *
   * @example
   * ```ts
   * import { connect, Listener } from 'carom'
   *
   * const listener = new Listener()
   * const [accepted] = await Promise.all([listener.accept(), connect(listener.address)])
   * const { pid, uid, gid } = accepted.peerCredentials
   * console.log(pid === process.pid, uid === process.getuid?.(), gid === process.getgid?.()) // true true true
   * ```
   */
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
      get memory() {
        return transferredMemory(endpoint)
      },
      get fd() {
        assertTransferable(endpoint)
        endpoint.liveness.share()
        return endpoint.fd
      },
      describe: (carrier) => {
        assertTransferable(endpoint)
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
  fromMessage({ fd, isStream }, described, carrier: Settings, resumes) {
    if (!isStream)
      throw new TypeError('the descriptor that the message calls a connection is no stream socket: it is closed')
    const traits = { ...directionsOf(described), resumes }
    return Connection.adopt(fd, optionsOfArrival(carrier, isShared(described)), traits)
  },
  fromParent: (fd, { traits, options }: ForChild, resumes) => Connection.adopt(fd, options, { ...traits, resumes }),
  discard: (connection: Connection) => void connection.close(),
})
