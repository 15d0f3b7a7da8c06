// One Python process for each interpreter, which makes, checks and echoes values for all tests of a file.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { TestFn } from 'ava'
import { type Connection, pipe } from 'carom'
import { type Interpreter, interpreters } from './interpreters.ts'

const program = fileURLToPath(new URL('./python/pickle_peer.py', import.meta.url))

export const PROTOCOLS = [0, 1, 2, 3, 4, 5] as const

export class PicklePeer {
  readonly name: string
  /** The minor version of its Python 3. */
  readonly version: number
  /** Those of the protocols that it writes. */
  readonly protocols: readonly number[]
  readonly #process: ChildProcess
  readonly #connection: Connection

  constructor({ path, name, version }: Interpreter) {
    const [near, far] = pipe({ codec: 'pickle' })
    this.name = `Python ${name}`
    this.version = version[1]
    this.protocols = PROTOCOLS.filter((protocol) => protocol <= (this.version < 8 ? 4 : 5))
    this.#connection = near
    this.#process = spawn(path, ['-W', 'ignore', program], { stdio: ['ignore', 'inherit', 'inherit', far.fd] })
    void far.close()
  }

  /** A value that Python pickles, as it arrives here. */
  dumps(statements: string, protocol: number): Promise<unknown> {
    return this.#ask(['dumps', statements, protocol])
  }

  /** The pickle itself. */
  async pickled(statements: string, protocol: number): Promise<Buffer> {
    const lines = statements.split('\n')
    const last = lines.pop()
    return (await this.dumps([...lines, `pickle.dumps(${last}, ${protocol})`].join('\n'), 4)) as Buffer
  }

  /** `true`, if the expression on `value` is; else what Python has for the value, or its stack. */
  check(value: unknown, expression: string): Promise<unknown> {
    return this.#ask(['check', value, expression])
  }

  echo(value: unknown, protocol: number): Promise<unknown> {
    return this.#ask(['echo', value, protocol])
  }

  /** Requests and answers keep their order, so tests may run side by side. */
  async #ask(request: unknown[]): Promise<unknown> {
    await this.#connection.send(request)
    return this.#connection.recv()
  }

  async end(): Promise<void> {
    const ended = once(this.#process, 'close')
    await this.#connection.close()
    await ended
  }
}

/** Starts a peer for each interpreter, or for those given, for the tests of one file. */
export function picklePeers(test: TestFn, found: () => Promise<Interpreter[]> = interpreters): () => PicklePeer[] {
  let peers: PicklePeer[] = []
  test.serial.before('start the Pythons', async (t) => {
    peers = (await found()).map((interpreter) => new PicklePeer(interpreter))
    t.log(peers.map(({ name }) => name).join(', '))
  })
  test.serial.after.always('end the Pythons', async () => {
    await Promise.all(peers.map((peer) => peer.end()))
  })
  return () => peers
}
