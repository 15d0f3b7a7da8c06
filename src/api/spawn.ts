import type { ChildProcess, SpawnOptions as NodeSpawnOptions } from 'node:child_process'

import * as check from './arguments.js'
import { BusyError } from './errors.js'
import { childProcess } from '../native/builtins.js'
import type { Connection } from './connection.js'
import type { Handle } from './handle.js'
import type { Listener } from './listener.js'
import { NODE_SPAWN_OPTIONS } from './node-spawn-options.js'
import { type OptionNames, owned } from './option-names.js'
import { inheriting } from '../native/numbers.js'
import { explain, isSystemFailure } from '../process/not-started.js'
import { standard } from '../process/stdio.js'
import { isTransferable, transfer, type Transferable } from '../wire/transferable.js'

/**
 * carom's own options, besides those of `spawn` of `node:child_process`.
 *
 * @example
 * ```ts
 * import { pipe, spawn } from 'carom'
 *
 * const [here, there] = pipe({ codec: 'json' })
 * spawn('sh', ['-c', 'true'], { connections: [there], keep: true })
 * await there.send('the copy here is open, too')
 * console.log(await here.recv()) // the copy here is open, too
 * ```
 */
export interface SpawnOptions extends NodeSpawnOptions {
  /** The child's descriptors 3, 4, …, in this order: connections, listeners, or the numbers of open descriptors. Default: none. */
  connections?: Iterable<Connection<unknown, never> | Listener<unknown, never> | Handle | number> | undefined
  /** Whether connections that were handed over stay open here too. Default `false`. */
  keep?: boolean | undefined
}

const SPAWN: OptionNames<SpawnOptions> = owned('spawn', {
  ...NODE_SPAWN_OPTIONS,
  connections: true,
  keep: true,
})

/**
 * Starts any program, as `spawn` of `node:child_process` does, with connections as its descriptors 3, 4, …
 *
 * From then on the connections belong to the program, and are closed here, so that their peers see the end of the stream when the
 * program ends; listeners and bare descriptors stay open. If the program can't be started, there is an `'error'` event, as in Node,
 * and the connections that were meant for it are closed as well: their other ends see the end of the stream. A connection that
 * holds received or unsent data is refused before anything is started.
 *
 * @example
 * ```ts
 * import { pipe, spawn } from 'carom'
 *
 * const [here, there] = pipe({ codec: 'pickle' })
 * const program = 'from multiprocessing.connection import Connection; Connection(3).send(["hello", 12])'
 * spawn('python3', ['-c', program], { connections: [there], stdio: 'inherit' })
 * console.log(await here.recv()) // [ 'hello', 12 ]
 * ```
 */
export function spawn(command: string, args: readonly string[] = [], options?: SpawnOptions): ChildProcess {
  const { connections = [], keep = false, stdio, ...rest } = check.options(options, SPAWN)
  check.boolean('keep', keep)
  if (!Array.isArray(args)) throw check.invalidType('args', 'an array of strings', args)
  if (typeof (connections as Partial<Iterable<unknown>> | null)?.[Symbol.iterator] !== 'function') {
    throw check.invalidType('connections', 'an iterable of connections', connections)
  }
  const ends = Array.from(connections, checkedEnd)
  const inherited = ends.map((each) => (typeof each === 'number' ? each : inheritable(each)))
  const handOver = (): void => {
    if (!keep) for (const each of ends) if (typeof each !== 'number') each[transfer].handOver()
  }
  const settings = { ...rest, stdio: standard(stdio, 'pipe') }
  try {
    const child = inheriting(inherited, (files) =>
      childProcess().spawn(command, args, { ...settings, stdio: [...settings.stdio, ...files] }),
    )
    if (child.pid === undefined) explainError(child, { command, cwd: rest.cwd })
    handOver()
    return child
  } catch (error) {
    if (!isSystemFailure(error)) throw error
    handOver()
    throw explain(error, { command, cwd: rest.cwd })
  }
}

/** The `'error'` event of a program that can't be started says why, also where nobody listens: then it is thrown, as in Node. */
function explainError(child: ChildProcess, attempt: Parameters<typeof explain>[1]): void {
  child.prependOnceListener('error', (error) => {
    if (isSystemFailure(error)) explain(error, attempt)
    if (child.listenerCount('error') === 0) throw error
  })
}

/** The descriptor of an object that is nothing else. */
function inheritable({ [transfer]: how }: Transferable): number {
  if (how.memory) {
    throw new BusyError(
      'a connection whose shared memory is in use can only be handed to a Process, or sent in a message over shared memory: spawn hands over ends that were not used',
    )
  }
  return how.fd
}

function checkedEnd(object: unknown): Transferable | number {
  if (typeof object === 'number') return check.integer('a descriptor', object, 0, 0x7fffffff)
  if (!isTransferable(object))
    throw check.invalidType('each connection', 'a Connection, a Listener or a descriptor', object)
  return object
}
