// Python at the other end: one process for each interpreter and each file of tests, which listens, connects and uses
// inherited descriptors as it is asked.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { TestFn } from 'ava'
import { type Address, type Connection, type Family, pipe } from 'carom'
import { type Interpreter, interpreters, virtualEnvironment } from './interpreters.ts'

const program = fileURLToPath(new URL('./python/connection_peer.py', import.meta.url))

/** Python's answer: a value, or an exception's class and text. */
export interface Outcome {
  value?: unknown
  error?: string
  message?: string
  stack?: string
}

export interface PythonKind {
  /** `Python 3.13.0`, or `billiard`. */
  name: string
  /** Whether its handshake is the one of before Python 3.12. */
  legacy: boolean
  interpreter: () => Promise<Interpreter>
  module: string
}

const found = await interpreters()

/** Every Python of this machine, and billiard. */
export const PYTHONS: readonly PythonKind[] = [
  ...found.map((interpreter) => ({
    name: `Python ${interpreter.name}`,
    legacy: interpreter.version[1] < 12,
    interpreter: () => Promise.resolve(interpreter),
    module: 'multiprocessing.connection',
  })),
  { name: 'billiard', legacy: true, interpreter: virtualEnvironment, module: 'billiard.connection' },
]

export const FAMILIES = ['AF_UNIX', 'AF_INET'] as const

export class PythonPeer {
  readonly #process: ChildProcess
  readonly #control: Connection

  /** `ends` are inherited as descriptors 4, 5, …, and closed here. */
  constructor({ path }: Interpreter, module: string, ends: readonly Connection[] = []) {
    const [near, far] = pipe({ codec: 'pickle' })
    this.#control = near
    this.#process = spawn(path, [program, module], {
      stdio: ['ignore', 'inherit', 'inherit', far.fd, ...ends.map((end) => end.fd)],
    })
    for (const end of [far, ...ends]) void end.close()
  }

  static async start({ interpreter, module }: PythonKind, ends: readonly Connection[] = []): Promise<PythonPeer> {
    return new PythonPeer(await interpreter(), module, ends)
  }

  /** Listens from now on; its address. */
  async listen(family: Family, key: Buffer | null = null): Promise<Address> {
    const { value, stack } = await (await this.ask('listen', null, family, key)).outcome
    if (stack !== undefined) throw new Error(stack)
    return Array.isArray(value) ? { host: value[0] as string, port: value[1] as number } : (value as string)
  }

  /** Accepts a connection, and does the act with it. */
  accept(act: string, ...args: unknown[]): Promise<Asked> {
    return this.ask('accept', act, ...args)
  }

  /** Connects, and does the act with the connection. */
  connect(address: Address, key: Buffer | null, act: string, ...args: unknown[]): Promise<Asked> {
    return this.ask('connect', typeof address === 'string' ? address : [address.host, address.port], key, act, ...args)
  }

  /** Does the act with the first `count` of the inherited ends. */
  adopt(count: number, act: string, ...args: unknown[]): Promise<Asked> {
    return this.ask('adopt', count, act, ...args)
  }

  async mac(key: Buffer, message: Buffer, digest: string): Promise<Buffer> {
    const { value, stack } = await (await this.ask('mac', key, message, digest)).outcome
    if (stack !== undefined) throw new Error(stack)
    return value as Buffer
  }

  /** Python has been asked, even if this process blocks from here on, when the promise resolves. */
  async ask(...request: unknown[]): Promise<Asked> {
    await this.#control.send(request)
    await this.#control.flush()
    const outcome = this.#control.recv() as Promise<Outcome>
    // A test that doesn't look at the result doesn't mind that the process has ended.
    outcome.catch(() => {})
    return { outcome }
  }

  async end(): Promise<void> {
    const { exitCode, signalCode } = this.#process
    const ended = exitCode === null && signalCode === null ? once(this.#process, 'close') : undefined
    this.#process.kill('SIGKILL')
    await this.#control.close()
    await ended
  }
}

/** An answer to come, in an object, since a promise can't be the value of another one. */
export interface Asked {
  outcome: Promise<Outcome>
}

/** A peer of each kind for the tests of one file. */
export function pythonPeers(test: TestFn, kinds: readonly PythonKind[] = PYTHONS): (kind: PythonKind) => PythonPeer {
  const peers = new Map<PythonKind, PythonPeer>()
  test.serial.before('start the Pythons', async (t) => {
    for (const kind of kinds) peers.set(kind, await PythonPeer.start(kind))
    t.log(kinds.map(({ name }) => name).join(', '))
  })
  test.serial.after.always('end the Pythons', async () => {
    await Promise.all([...peers.values()].map((peer) => peer.end()))
  })
  return (kind) => peers.get(kind)!
}
