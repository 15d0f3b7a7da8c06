import type { ChildProcess } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import type { InspectOptions } from 'node:util'

import { onAbort } from '../event-loop/abort.js'
import * as check from '../api/arguments.js'
import type { AnyRemote, Remote } from '../calls/remote.js'
import { environmentOf } from '../event-loop/environment.js'
import { ProcessError, StartError } from '../api/errors.js'
import { inspection, shownAs } from '../api/inspection.js'
import { type Transferable, transfer } from '../wire/transferable.js'
import { type Source, type SourceOwner, source } from '../event-loop/waitable.js'
import { Children } from './children.js'
import { whyNotYet } from './current.js'
import type { Ending } from './ending.js'
import type { Launched } from './launch.js'
import type { ProcessOptions, ProcessSettings } from './options.js'
import type { Served } from './served.js'
import { encodeStart, firstDescriptor } from './start.js'
import type * as Starting from './starting.js'
import type { Startup } from './startup.js'

const children = new Children<Process>()

/**
 * The processes that this thread has started and that are still running, in the order in which they were started.
 *
 * @example
 * ```ts
 * import { activeChildren, Process } from 'carom'
 *
 * const worker = new Process('data:text/javascript,export default () => {}', { name: 'worker' })
 * await worker.start()
 * console.log(activeChildren().map(({ name }) => name)) // [ 'worker' ]
 * await worker.join()
 * console.log(activeChildren()) // []
 * ```
 */
export function activeChildren(): Process[] {
  return children.alive
}

/** Closes the descriptors of a `Process` that was garbage-collected without being closed. */
const forgotten = new FinalizationRegistry<Ending>((ending) => ending.close())

/** How long a serving child may take to exit by itself once its last call is done, in milliseconds. */
const STOPPING = 10_000

/** Calls the functions of a module: typed by `new Process<typeof import('./worker.js')>(…)`. */
type RemoteOf<Functions> = unknown extends Functions ? AnyRemote : Remote<Functions>

/** Loaded when the first process is created: most programs create none. */
function starting(): typeof Starting {
  return require('./starting.js') as typeof Starting
}

/** The state of a started process. */
interface Started {
  readonly child: ChildProcess
  readonly ending: Ending
  readonly startup: Startup
  /** The functions that the process serves, if it serves any. */
  readonly served: Served | undefined
}

/**
 * A Node or Python process that calls a function of a module, as Python's `Process` does with the start method *spawn*.
 *
 * The function is called with decoded copies of `args`; connections, listeners and `Handle`s in them, at any depth,
 * arrive as working objects. The process exits as any Node process does: when nothing is left to do. If the function throws, or the
 * promise that it returns rejects, the process prints the error's stack to stderr and exits with code 1.
 *
 * This process doesn't exit by itself while the child runs, unless the child is a daemon.
 *
 * @example
 * ```ts
 * import { pipe, Process } from 'carom'
 *
 * const [here, there] = pipe()
 * const worker = new Process(new URL('./worker.js', import.meta.url), { target: 'square', args: [there] })
 * await worker.start()
 * await here.send(12)
 * console.log(await here.recv()) // 144
 * await worker.join()
 * console.log(worker.exitCode, worker.isAlive) // 0 false
 * worker.close()
 * ```
 *
 * ```ts
 * // worker.js
 * import type { Connection } from 'carom'
 *
 * export async function square(connection: Connection<number>) {
 *   const n = await connection.recv()
 *   await connection.send(n * n)
 * }
 * ```
 *
 * @example Calling the functions of a Python module
 * ```ts
 * import { Process } from 'carom'
 *
 * await using python = new Process(new URL('./words.py', import.meta.url), { serve: true })
 * await python.start()
 * console.log(await python.remote.count('to be or not to be')) // { to: 2, be: 2, or: 1, not: 1 }
 * ```
 *
 * ```python
 * # words.py
 * def count(text):
 *     words = text.split()
 *     return {word: words.count(word) for word in words}
 * ```
 */
export class Process<Functions = unknown> implements SourceOwner, AsyncDisposable, Disposable {
  readonly #settings: ProcessSettings
  #started: Started | undefined
  #closed = false
  /** How many callers need the event loop kept alive for a daemon: its start, and each `join`. */
  #holds = 0

  /**
   * `module` is a URL, or a path relative to the working directory. It names an ES module, a CommonJS module or a Python module;
   * TypeScript works where Node, or a loader in `execArgv`, can run it.
   */
  constructor(module: string | URL, options?: ProcessOptions) {
    this.#settings = starting().processSettings(module, options)
  }

  /**
   * Starts the process; `pid` is set when the call returns. The promise resolves when the process has imported the module and is
   * about to call the target, or rejects with a `StartError`. If nothing awaits it, `join` reports the error instead.
   *
   * A child may not start processes while it is still importing its own module: see `isMain`.
   */
  start(): Promise<void> {
    try {
      if (this.#closed) throw new ProcessError(`${this.name} is closed: make a new Process to start another`)
      if (this.#started) {
        throw new ProcessError(`${this.name} was started already: make a new Process to start another`)
      }
      const early = whyNotYet()
      if (early !== undefined) throw new StartError(`${this.name} can't be started yet: ${early}`)
      this.#settings.signal?.throwIfAborted()
      return this.#begin()
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #begin(): Promise<void> {
    const { program, module, target, kwargs, serve, name, daemon, keep, signal, killSignal } = this.#settings
    // Steps that fail when descriptors run out come before the child is spawned.
    environmentOf()
    const { Served, Startup } = starting()
    const served = serve && new Served(program.codec)
    const args = served ? [served.there] : this.#settings.args
    const { code, args: encoded, transferList } = program.tell(args, kwargs, firstDescriptor(daemon))
    const launched = this.#launch(transferList)
    if (launched instanceof Promise) {
      served?.abandon()
      return launched
    }
    const { child, ending, control, prepared: cached } = launched
    if (!keep) for (const each of transferList) each[transfer].handOver()

    const start = encodeStart({ module, target, serve, name, daemon, cached, descriptors: transferList.length })
    const startup = new Startup(control, [...code, start, encoded], {
      name,
      module,
      endsEarly: program.endsEarly,
      exit: () => ending.look(),
      onOver: (failure) => {
        this.#hold(-1)
        if (failure !== undefined) served?.abandon()
      },
    })
    this.#started = { child, ending, startup, served }
    this.#hold(1)
    children.add(this as Process)
    forgotten.register(this, ending, this)
    const end = (): void => {
      startup.abort(signal?.reason)
      this.#send(killSignal)
    }
    const unwatch = signal && onAbort(signal, end)
    if (daemon) this.#endWithThis(child)
    child.once('exit', (exitCode, sent) => {
      ending.onExit({ code: exitCode, signal: sent })
      children.remove(this as Process)
      unwatch?.()
      startup.readLast()
    })
    // Emitted when a signal can't be delivered because the process has just ended.
    child.on('error', () => {})
    return startup.promise
  }

  #launch(transferList: readonly Transferable[]): Launched | Promise<never> {
    try {
      return starting().launch(
        this.#settings,
        transferList.map((each) => each[transfer].fd),
      )
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Terminates the daemon before this process exits by itself. */
  #endWithThis(child: ChildProcess): void {
    const { atExit } = environmentOf()
    const end = (): void => this.terminate()
    atExit.add(end)
    child.once('exit', () => atExit.delete(end))
  }

  /**
   * Resolves with `true` when the process has ended, or with `false` after `timeout` milliseconds. If the start failed, rejects
   * with its error once the process has ended.
   *
   * @example
   * ```ts
   * import { Process } from 'carom'
   *
   * const worker = new Process('data:text/javascript,export default () => setInterval(() => {}, 1000)')
   * await worker.start()
   * console.log(await worker.join(20), worker.joinSync(20)) // false false
   * worker.terminate()
   * console.log(await worker.join(), worker.signalCode) // true SIGTERM
   * ```
   */
  async join(timeout: number = Infinity): Promise<boolean> {
    const milliseconds = check.timeout(timeout)
    const { ending, startup } = this.#assertStarted()
    startup.handleFailure()
    this.#hold(1)
    const ended = await ending.within(milliseconds).finally(() => this.#hold(-1))
    if (!ended) return false
    startup.readLast()
    await startup.promise
    return true
  }

  /** A daemon keeps the event loop alive only while it is starting and while a `join` is pending. */
  #hold(change: 1 | -1): void {
    this.#holds += change
    if (!this.#settings.daemon) return
    if (this.#holds > 0) this.#started?.child.ref()
    else this.#started?.child.unref()
  }

  /** Like `join`, but blocks. */
  joinSync(timeout: number = Infinity): boolean {
    const milliseconds = check.timeout(timeout)
    const { ending, startup } = this.#assertStarted()
    startup.handleFailure()
    if (!ending.look() && !ending.wait(milliseconds)) return false
    startup.readLast()
    if (startup.failure !== undefined) throw startup.failure
    return true
  }

  /** Asks the process to end: sends SIGTERM. */
  terminate(): void {
    this.#send('SIGTERM')
  }

  /**
   * Kills the process: sends SIGKILL.
   *
   * @example
   * ```ts
   * import { Process } from 'carom'
   *
   * const worker = new Process('data:text/javascript,export default () => process.on("SIGTERM", () => setInterval(() => {}, 1000))')
   * await worker.start()
   * worker.kill()
   * await worker.join()
   * console.log(worker.exitCode, worker.signalCode) // null SIGKILL
   * ```
   */
  kill(): void {
    this.#send('SIGKILL')
  }

  #send(signal: NodeJS.Signals): void {
    const { ending, startup } = this.#assertStarted()
    startup.handleFailure()
    if (!ending.look()) ending.signal(signal)
  }

  /**
   * Shuts down a serving process gracefully: it accepts no new calls and finishes those that are running. Then the process exits,
   * and this object is closed.
   */
  async stop(): Promise<void> {
    const served = this.#started?.served
    if (!served) {
      this.#assertStarted()
      throw new ProcessError(
        `${this.name} does not serve: end it by terminate(), or by closing the connection that it waits on`,
      )
    }
    this.#started?.startup.handleFailure()
    if (this.#closed) return
    await served.drain(this.name)
    const ended = await this.join(STOPPING).catch(() => !this.isAlive)
    if (!ended) {
      this.terminate()
      await this.join().catch(() => {})
    }
    this.close()
  }

  /** Releases the resources that this program holds for the process, which must have ended. */
  close(): void {
    if (this.#closed) return
    if (this.isAlive) throw new ProcessError(`${this.name} still runs: join or terminate it before it is closed`)
    this.#closed = true
    if (!this.#started) return
    const { ending, startup, served } = this.#started
    startup.readLast()
    forgotten.unregister(this)
    served?.abandon()
    ending.close()
  }

  /** Stops a serving process, or terminates any other that runs; closes this object once the process has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#started?.served) {
      await this.stop()
      return
    }
    if (this.#started && !this.#closed) {
      this.terminate()
      await this.join().catch(() => {})
    }
    this.close()
  }

  /** Terminates the process if it is running; its resources are released once it has ended. */
  [Symbol.dispose](): void {
    if (this.isAlive) {
      this.terminate()
      void this.#started?.ending.told.then(() => this.close())
    } else this.close()
  }

  /** The functions that the process serves: `await process.remote.resize(image)`. Requires `serve: true` and a started process. */
  get remote(): RemoteOf<Functions> {
    if (!this.#settings.serve) throw new ProcessError(`${this.name} does not serve: give it the option serve: true`)
    return this.#assertStarted().served?.remote as RemoteOf<Functions>
  }

  /** The process's name, for people to read. */
  get name(): string {
    return this.#settings.name
  }

  /** Whether the process is terminated when this one exits. */
  get daemon(): boolean {
    return this.#settings.daemon
  }

  /** The process's id; `undefined` before it is started. */
  get pid(): number | undefined {
    return this.#started?.child.pid
  }

  /** The exit code; `null` while the process runs, or if a signal ended it. */
  get exitCode(): number | null {
    return this.#started?.ending.look()?.code ?? null
  }

  /** The signal that ended the process, or `null`. */
  get signalCode(): NodeJS.Signals | null {
    return this.#started?.ending.look()?.signal ?? null
  }

  /** Whether the process has been started and has not ended. */
  get isAlive(): boolean {
    return this.#started !== undefined && this.#started.ending.look() === undefined
  }

  /**
   * A descriptor that becomes readable when the process ends, and stays so until `close`. It is this object's to close.
   *
   * @example
   * ```ts
   * import { Process, wait } from 'carom'
   *
   * const worker = new Process('data:text/javascript,export default () => {}', { daemon: true })
   * await worker.start()
   * const { sentinel, pid, stdin, stderr } = worker
   * console.log((await wait([sentinel]))[0] === sentinel, worker.daemon, pid === worker.pid, stdin, stderr)
   * // true true true null null
   * ```
   */
  get sentinel(): number {
    return this.#open().sentinel
  }

  /** The program's standard input, if `stdio` makes it a pipe; otherwise `null`. */
  get stdin(): Writable | null {
    return this.#started?.child.stdin ?? null
  }

  /** The program's standard output, if `stdio` makes it a pipe; otherwise `null`. */
  get stdout(): Readable | null {
    return this.#started?.child.stdout ?? null
  }

  /** The program's standard error, if `stdio` makes it a pipe; otherwise `null`. */
  get stderr(): Readable | null {
    return this.#started?.child.stderr ?? null
  }

  /** @internal */
  [inspection](depth: number, options: InspectOptions): string {
    const { name, daemon, pid, isAlive, exitCode, signalCode } = this
    const { module, target } = this.#settings
    const ended = { exitCode: exitCode ?? undefined, signalCode: signalCode ?? undefined }
    const state = pid === undefined ? 'not started' : isAlive ? 'running' : 'ended'
    return shownAs('Process', { name, module, target, daemon, pid, state, ...ended }, depth, options)
  }

  /** @internal */
  get [source](): Source {
    return this.#open().source
  }

  #open(): Ending {
    const { ending } = this.#assertStarted()
    if (this.#closed) throw new ProcessError(`${this.name} is closed`)
    return ending
  }

  #assertStarted(): Started {
    if (!this.#started) throw new ProcessError(`${this.name} has not been started`)
    return this.#started
  }
}
