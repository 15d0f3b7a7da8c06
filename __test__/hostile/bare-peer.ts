// The other end of a handshake, played by hand over a bare socket: it sends the messages of its script, right or wrong.

import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Address, Digest, Family } from 'carom'
import { frame } from '../wire.ts'

export const CHALLENGE = '#CHALLENGE#'
export const WELCOME = '#WELCOME#'
export const FAILURE = '#FAILURE#'

/** As Node calls them. */
const HASHES: Record<Digest, string> = {
  md5: 'md5',
  sha256: 'sha256',
  sha384: 'sha384',
  sha3_256: 'sha3-256',
  sha3_384: 'sha3-384',
}

export function mac(key: Buffer, message: Uint8Array, digest: Digest): Buffer {
  return createHmac(HASHES[digest], key).update(message).digest()
}

/** A challenge that names SHA-256, without the word in front. */
export function modernChallenge(seed = 0): Buffer {
  return Buffer.concat([Buffer.from('{sha256}'), Buffer.from(Array.from({ length: 40 }, (_, n) => n + seed))])
}

/** The answer of one that knows the key. */
export function answerTo(key: Buffer, challenge: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from('{sha256}'), mac(key, challenge, 'sha256')])
}

export class BarePeer {
  readonly socket: Socket
  #received = Buffer.alloc(0)
  #ended = false
  #progress: (() => void) | undefined

  constructor(socket: Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#progress?.()
    })
    const end = (): void => {
      this.#ended = true
      this.#progress?.()
    }
    // However it ends: a reset is the listener's good right.
    socket.on('error', end).on('end', end).on('close', end)
  }

  static async connect(address: Address): Promise<BarePeer> {
    const socket = connect(
      typeof address === 'string' ? { path: address, allowHalfOpen: true } : { ...address, allowHalfOpen: true },
    )
    await once(socket, 'connect')
    return new BarePeer(socket)
  }

  send(...messages: (Uint8Array | string)[]): void {
    this.write(Buffer.concat(messages.map((message) => frame(message))))
  }

  write(bytes: Uint8Array | string): void {
    if (!this.socket.destroyed) this.socket.write(bytes)
  }

  /** Each byte goes in a write of its own, after the one before has been taken by the kernel. */
  async writeBytewise(bytes: Uint8Array): Promise<void> {
    for (const byte of bytes) {
      await new Promise<void>((resolve) => this.socket.write(Buffer.of(byte), () => resolve()))
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  /** Exactly `length` bytes. */
  async read(length: number): Promise<Buffer> {
    await this.#until(() => this.#received.length >= length)
    if (this.#received.length < length)
      throw new Error(`the peer ended after ${this.#received.length} of ${length} bytes`)
    const bytes = this.#received.subarray(0, length)
    this.#received = this.#received.subarray(length)
    return bytes
  }

  /** A message. */
  async receive(): Promise<Buffer> {
    return this.read((await this.read(4)).readInt32BE())
  }

  /** The bytes after `#CHALLENGE#`. */
  async receiveChallenge(): Promise<Buffer> {
    const message = await this.receive()
    if (!message.toString('latin1').startsWith(CHALLENGE))
      throw new Error(`${message.toString('latin1')} is no challenge`)
    return message.subarray(CHALLENGE.length)
  }

  /** All that comes up to the end, however the peer ends. */
  async rest(): Promise<Buffer> {
    await this.#until(() => false)
    return this.#received
  }

  close(): void {
    this.socket.destroy()
  }

  /** Only TCP: the peer sees a reset, whatever was on its way. */
  reset(): void {
    this.socket.resetAndDestroy()
  }

  /** Resolves when `condition` holds, or nothing more comes. */
  async #until(condition: () => boolean): Promise<void> {
    while (!condition() && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#progress = resolve
      })
    }
  }
}

/** A listening socket, for peers that wait for others. */
export class BareListener {
  readonly #server: Server
  readonly #folder: string | undefined
  readonly address: Address
  readonly #waiting: Socket[] = []
  #wanted: ((socket: Socket) => void) | undefined

  private constructor(server: Server, address: Address, folder: string | undefined) {
    this.#server = server
    this.address = address
    this.#folder = folder
    server.on('connection', (socket) => {
      if (this.#wanted) this.#wanted(socket)
      else this.#waiting.push(socket)
      this.#wanted = undefined
    })
  }

  static async listen(family: Family): Promise<BareListener> {
    const server = createServer({ allowHalfOpen: true })
    if (family === 'AF_INET') {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      return new BareListener(
        server,
        { host: '127.0.0.1', port: (server.address() as { port: number }).port },
        undefined,
      )
    }
    const folder = mkdtempSync(join(tmpdir(), 'carom-test-'))
    server.listen(join(folder, 'socket'))
    await once(server, 'listening')
    return new BareListener(server, join(folder, 'socket'), folder)
  }

  async accept(): Promise<BarePeer> {
    const socket = this.#waiting.shift() ?? (await new Promise<Socket>((resolve) => (this.#wanted = resolve)))
    return new BarePeer(socket)
  }

  async close(): Promise<void> {
    this.#server.close()
    await once(this.#server, 'close')
    if (this.#folder) rmSync(this.#folder, { recursive: true, force: true })
  }
}
