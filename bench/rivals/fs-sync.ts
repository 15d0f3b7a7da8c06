import { execFileSync, spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync, writevSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { End, Pace, Rival } from '../rival.ts'
import type { Tally } from '../tally.ts'
import { FrameReader } from './net/frame-reader.ts'

/** Small frames are gathered up to this before a write, and so much is read at once. A FIFO holds as much. */
const BATCH = 64 * 1024

const HEADER = 4

/**
 * The blocking calls that Node.js has of its own: `readSync` and `writeSync` on two FIFOs, one each way. `node:child_process` makes
 * socketpairs, but leaves the parent's ends non-blocking, on which these calls fail with EAGAIN.
 */
export function fsSync(): Rival {
  return {
    async open(far) {
      const folder = mkdtempSync(join(tmpdir(), 'carom-bench-'))
      const [there, back] = [join(folder, 'there'), join(folder, 'back')]
      execFileSync('mkfifo', [there, back])
      // Opened for both directions, so that the open doesn't wait for the other end.
      const fds = [openSync(there, 'r+'), openSync(back, 'r+')] as const
      const theirs = [openSync(there, 'r'), openSync(back, 'w')] as const
      const child = spawn(process.execPath, [...process.execArgv, far.file, ...far.args, '3', '4'], {
        stdio: ['ignore', 'inherit', 'inherit', ...theirs],
      })
      const [write, read] = [openSync(there, 'w'), openSync(back, 'r')]
      for (const fd of [...fds, ...theirs]) closeSync(fd)
      rmSync(folder, { recursive: true })
      return { end: new BlockingEnd(read, write), child }
    },
    async join([read, write]) {
      return new BlockingEnd(Number(read), Number(write))
    },
  }
}

class BlockingEnd implements End {
  readonly #read: number
  readonly #write: number
  readonly #chunk = Buffer.allocUnsafeSlow(BATCH)
  readonly #batch = Buffer.allocUnsafeSlow(BATCH)
  readonly #arrived: Buffer[] = []
  readonly #frames = new FrameReader((message) => this.#arrived.push(message))
  #used = 0

  constructor(read: number, write: number) {
    this.#read = read
    this.#write = write
  }

  ping(payload: Uint8Array, again: () => boolean) {
    do {
      this.#gather(payload)
      this.#flush()
      this.#next()
    } while (again())
  }

  echo() {
    this.#untilEnd((message) => {
      this.#gather(message)
      this.#flush()
    })
  }

  pingObjects(make: () => object, again: () => boolean) {
    do {
      this.#gather(encode(make()))
      this.#flush()
      decode(this.#next()!)
    } while (again())
  }

  echoObjects() {
    this.#untilEnd((message) => {
      this.#gather(encode(decode(message)))
      this.#flush()
    })
  }

  async sendBytes(opening: Uint8Array, payload: Uint8Array, count: number, pace?: Pace): Promise<Uint8Array> {
    this.#gather(opening)
    for (let i = 0; i < count; i++) {
      if (pace) {
        this.#flush()
        await pace()
      }
      this.#gather(payload)
    }
    this.#flush()
    return this.#next()!
  }

  receiveBytes(tally: Tally<Uint8Array>) {
    this.#untilEnd((message) => {
      const answer = tally.take(message)
      if (answer) this.#gather(answer)
      this.#flush()
    })
  }

  sendObjects(opening: object, make: (index: number) => object, count: number): object {
    this.#gather(encode(opening))
    for (let i = 0; i < count; i++) this.#gather(encode(make(i)))
    this.#flush()
    return decode(this.#next()!)
  }

  receiveObjects(tally: Tally<object>) {
    this.#untilEnd((message) => {
      const answer = tally.take(decode(message))
      if (answer) this.#gather(encode(answer))
      this.#flush()
    })
  }

  close() {
    closeSync(this.#write)
    closeSync(this.#read)
  }

  /** The next message, in memory that the read after the last one of its chunk uses again; `undefined` at the end. */
  #next(): Buffer | undefined {
    while (this.#arrived.length === 0) {
      const count = readSync(this.#read, this.#chunk)
      if (count === 0) return undefined
      this.#frames.read(this.#chunk.subarray(0, count))
    }
    return this.#arrived.shift()
  }

  #untilEnd(take: (message: Buffer) => void): void {
    for (;;) {
      const count = readSync(this.#read, this.#chunk)
      if (count === 0) return
      this.#frames.read(this.#chunk.subarray(0, count))
      for (const message of this.#arrived.splice(0)) take(message)
    }
  }

  #gather(payload: Uint8Array): void {
    const size = HEADER + payload.length
    if (this.#used + size > BATCH) this.#flush()
    if (size > BATCH) return this.#writeLarge(payload)
    this.#batch.writeUInt32BE(payload.length, this.#used)
    this.#batch.set(payload, this.#used + HEADER)
    this.#used += size
  }

  #flush(): void {
    let at = 0
    while (at < this.#used) at += writeSync(this.#write, this.#batch, at, this.#used - at)
    this.#used = 0
  }

  /** A payload that leaves from where it lies. */
  #writeLarge(payload: Uint8Array): void {
    const header = Buffer.allocUnsafe(HEADER)
    header.writeUInt32BE(payload.length)
    let at = writevSync(this.#write, [header, payload]) - HEADER
    while (at < payload.length) at += writeSync(this.#write, payload, at)
  }
}

function encode(value: object): Buffer {
  return Buffer.from(JSON.stringify(value))
}

function decode(message: Buffer): object {
  return JSON.parse(message.toString()) as object
}
