import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// @ts-expect-error: it has no typings.
import untyped from 'node-ipc'

import type { End, Pace, Rival } from '../rival.ts'
import type { Tally } from '../tally.ts'

interface Emitter {
  on(event: string, take: (message: never) => void): void
  off(event: string, take: (message: never) => void): void
}

/** The part of node-ipc that is used here. */
interface NodeIpc {
  config: { silent: boolean; stopRetrying: boolean; socketRoot: string }
  serve(path: string, started: () => void): void
  server: Emitter & { start(): void; stop(): void; emit(socket: Socket, event: string, message: unknown): void }
  connectTo(id: string, path: string, created: () => void): void
  of: Record<string, Emitter & { socket: Socket; emit(event: string, message: unknown): void }>
  disconnect(id: string): void
}

const ipc = untyped as NodeIpc

/** The event that carries everything: node-ipc's messages are named events. */
const MESSAGE = 'message'

/** node-ipc on a Unix socket, with its fast parser, which is its default, and without its log. Its messages are JSON. */
export function nodeIpc(): Rival {
  ipc.config.silent = true
  ipc.config.stopRetrying = true
  return {
    async open(far) {
      const folder = mkdtempSync(join(tmpdir(), 'carom-bench-'))
      ipc.config.socketRoot = `${folder}/`
      const path = join(folder, 'ipc')
      const listening = new Promise<void>((resolve) => ipc.serve(path, resolve))
      const connected = new Promise<Socket>((resolve) => ipc.server.on('connect', resolve))
      ipc.server.start()
      await listening
      const child = spawn(process.execPath, [...process.execArgv, far.file, ...far.args, path], {
        stdio: ['ignore', 'inherit', 'inherit'],
      })
      void once(child, 'exit').then(() => rmSync(folder, { recursive: true, force: true }))
      const socket = await connected
      const { server } = ipc
      return {
        end: new EventEnd({
          socket,
          emit: (message) => server.emit(socket, MESSAGE, message),
          on: (take) => void server.on(MESSAGE, take),
          off: (take) => void server.off(MESSAGE, take),
          close: () => {
            // Since `stop` leaves the connections open.
            socket.destroy()
            server.stop()
          },
        }),
        child,
      }
    },
    async join([path = '']) {
      await new Promise<void>((resolve) => ipc.connectTo('near', path, () => ipc.of['near']!.on('connect', resolve)))
      const client = ipc.of['near']!
      return new EventEnd({
        socket: client.socket,
        emit: (message) => client.emit(MESSAGE, message),
        on: (take) => void client.on(MESSAGE, take),
        off: (take) => void client.off(MESSAGE, take),
        close: () => ipc.disconnect('near'),
      })
    },
  }
}

interface Events {
  socket: Socket
  emit(message: unknown): void
  on(take: (message: object | string) => void): void
  off(take: (message: object | string) => void): void
  close(): void
}

class EventEnd implements End {
  readonly #events: Events
  #taking: ((message: object | string) => void) | undefined

  constructor(events: Events) {
    this.#events = events
  }

  ping(payload: Uint8Array, again: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#receive((message) => {
        bytes(message)
        if (again()) this.#events.emit(text(payload))
        else resolve()
      })
      this.#events.emit(text(payload))
    })
  }

  async echo() {
    this.#receive((message) => this.#events.emit(text(bytes(message))))
    await once(this.#events.socket, 'close')
  }

  pingObjects(make: () => object, again: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#receive(() => (again() ? this.#events.emit(make()) : resolve()))
      this.#events.emit(make())
    })
  }

  async echoObjects() {
    this.#receive((message) => this.#events.emit(message))
    await once(this.#events.socket, 'close')
  }

  async sendBytes(opening: Uint8Array, payload: Uint8Array, count: number, pace?: Pace): Promise<Uint8Array> {
    const answered = this.#next()
    this.#events.emit(text(opening))
    for (let i = 0; i < count; i++) {
      if (pace) await pace()
      this.#events.emit(text(payload))
      if (this.#full) await this.#drained()
    }
    return bytes(await answered)
  }

  async receiveBytes(tally: Tally<Uint8Array>) {
    this.#receive((message) => {
      const answer = tally.take(bytes(message))
      if (answer) this.#events.emit(text(answer))
    })
    await once(this.#events.socket, 'close')
  }

  async sendObjects(opening: object, make: (index: number) => object, count: number): Promise<object> {
    const answered = this.#next()
    this.#events.emit(opening)
    for (let i = 0; i < count; i++) {
      this.#events.emit(make(i))
      if (this.#full) await this.#drained()
    }
    return (await answered) as object
  }

  async receiveObjects(tally: Tally<object>) {
    this.#receive((message) => {
      const answer = tally.take(message as object)
      if (answer) this.#events.emit(answer)
    })
    await once(this.#events.socket, 'close')
  }

  close() {
    this.#events.close()
  }

  #next(): Promise<object | string> {
    return new Promise((resolve) => this.#receive(resolve))
  }

  #receive(take: (message: object | string) => void): void {
    if (this.#taking) this.#events.off(this.#taking)
    this.#taking = take
    this.#events.on(take)
  }

  /** Asked of the socket, since this version's emit() doesn't say it. */
  get #full(): boolean {
    return this.#events.socket.writableNeedDrain
  }

  #drained(): Promise<unknown> {
    return once(this.#events.socket, 'drain')
  }
}

/** Bytes as the shortest JSON that holds them. */
function text({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64')
}

function bytes(message: object | string): Buffer {
  return Buffer.from(message as string, 'base64')
}
