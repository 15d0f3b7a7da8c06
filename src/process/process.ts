import type { ChildProcess } from 'node:child_process'
import { constants } from 'node:os'
import type { Readable, Writable } from 'node:stream'
import type { InspectOptions } from 'node:util'

import { onAbort } from '../event-loop/abort.js'
import * as check from '../api/arguments.js'
import type { AnyRemote, Remote } from '../calls/remote.js'
import type { Codec } from '../codecs/coder.js'
import { Connection } from '../api/connection.js'
import { Deferred } from '../event-loop/deferred.js'
import { environmentOf } from '../event-loop/environment.js'
import { MessageTooLongError, ProcessError, StartError } from '../api/errors.js'
import { inspection, shownAs } from '../api/inspection.js'
import { clearTimeout, setTimeout } from '../event-loop/timers.js'
import { type Transferable, transfer } from '../wire/transferable.js'
import { type Source, type SourceOwner, source } from '../event-loop/waitable.js'
import { Children } from './children.js'
import { whyNotYet } from './current.js'
import { type Ending, type Exit, REAPED } from './ending.js'
import { launch, type Launched } from './launch.js'
import { type ProcessOptions, type ProcessSettings, processSettings } from './options.js'
import { decodeReport, errorOf, REPORT_MAX, shownModule } from './report.js'
import { Served } from './served.js'
import { encodeStart, firstDescriptor } from './start.js'

const children = new Children<Process>()

/** The processes that this thread has started and that have not ended, in the order in which they were started. */
export function activeChildren(): Process[] {
  return children.alive
}

/** Closes the descriptors of processes that nobody has closed. */
const forgotten = new FinalizationRegistry<Ending>((ending) => ending.close())

/** Milliseconds that a child which serves has to end by itself, when it has no more calls. */
const STOPPING = 10_000

/** Calls the functions of a module: typed by `new Process<typeof import('./worker.js')>(…)`. */
type RemoteOf<Functions> = unknown extends Functions ? AnyRemote : Remote<Functions>

/** Milliseconds within which a child that has closed its descriptors is taken to be about to end. */
const MOMENT = 2000

/**
 * A Node process that calls an exported function of a module, as Python's `Process` does with the start method *spawn*.
 *
 * ```js
 * const [here, there] = pipe()
 * const worker = new Process(new URL('./worker.js', import.meta.url), { target: 'receiver', args: [there] })
 * await worker.start()
 * await here.send('hello')
 * await worker.join()
 * console.log(worker.exitCode)
 * ```
 *
 * The function is called with decoded copies of `args`; connections, listeners and `Handle`s among them, at any depth, arrive
 * as working objects. The process ends as any Node process does: when nothing is left to do. An exception, or a rejection of
 * what the function returns, prints its stack on stderr and exits with 1.
 *
 * While it runs, this process waits for it before it exits by itself, unless it is a daemon.
 */
export class Process<Functions = unknown> implements SourceOwner, AsyncDisposable, Disposable {
  readonly #settings: ProcessSettings
  #child: ChildProcess | undefined
  #served: Served | undefined
  #ending: Ending | undefined
  #exit: Exit | undefined
  #closed = false
  /** Until the report is here, or none will come. */
  #control: Connection | undefined
  /** Ends the wait for the report. */
  readonly #reading = new AbortController()
  #moment: NodeJS.Timeout | undefined
  /** Why the process did not start. */
  #failure: unknown
  readonly #started = new Deferred<void>()
  readonly #ended = new Deferred<void>()
  #forgetSignal: (() => void) | undefined
  #holds = 0

  /**
   * `module` is a URL, or a path from the working directory: of an ES module, or a CommonJS one; of TypeScript, where Node
   * or a loader in `execArgv` runs it.
   */
  constructor(module: string | URL, options?: ProcessOptions) {
    this.#settings = processSettings(module, options)
  }

  /**
   * Starts the process. It has its `pid` when the call returns. The promise resolves when the process has imported the module
   * and is about to call the target, and rejects with a `StartError` where it can't. If it isn't awaited, `join` tells of that.
   *
   * A child that still imports its own module may start no process: see `isMain`.
   */
  start(): Promise<void> {
    try {
      if (this.#closed) throw new ProcessError(`${this.name} is closed: make a new Process to start another`)
      if (this.#child) {
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
    const { program, module, target, kwargs, serve, name, daemon, keep, signal } = this.#settings
    // Steps that can fail for want of descriptors come before there is a child.
    environmentOf()
    const served = serve && new Served(program.codec)
    const args = served ? [served.there] : this.#settings.args
    const { code, args: encoded, transferList } = program.tell(args, kwargs, firstDescriptor(daemon))
    const launched = this.#launch(transferList)
    if (launched instanceof Promise) {
      served?.abandon()
      return launched
    }
    const { child, ending, control } = launched
    if (!keep) for (const each of transferList) each[transfer].handOver()

    this.#child = child
    this.#served = served
    this.#ending = ending
    children.add(this as Process)
    forgotten.register(this, ending, this)
    child.once('exit', (exitCode, sent) => this.#onExit({ code: exitCode, signal: sent }))
    // A signal that can't be delivered, to a process that has just ended.
    child.on('error', () => {})
    if (daemon) this.#endWithThis(child)
    this.#forgetSignal = signal && onAbort(signal, () => this.#onAbort(signal))
    this.#hold(1)

    const codec: Codec = { encode: () => new Uint8Array(), decode: (bytes) => this.#onReport(bytes) }
    const connection = Connection.adopt(control, { codec, maxMessageSize: REPORT_MAX })
    this.#control = connection
    // Where they can't be sent, the child has ended, which is what the report says.
    const start = encodeStart({ module, target, serve, name, daemon, descriptors: transferList.length })
    Promise.all([...code, start, encoded].map((each) => connection.sendBytes(each))).catch(() => {})
    connection.recv({ signal: this.#reading.signal }).catch((error) => this.#onNoReport(error))
    return this.#started.promise
  }

  #launch(transferList: readonly Transferable[]): Launched | Promise<never> {
    try {
      return launch(
        this.#settings,
        transferList.map((each) => each[transfer].fd),
      )
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** When this process exits by itself, the daemon goes first. */
  #endWithThis(child: ChildProcess): void {
    const { atExit } = environmentOf()
    const end = (): void => this.terminate()
    atExit.add(end)
    child.once('exit', () => atExit.delete(end))
  }

  #onAbort(signal: AbortSignal): void {
    if (this.#control) this.#failure ??= signal.reason
    this.#send(killSignal(this.#settings))
  }

  #onExit(exit: Exit): void {
    this.#exit ??= exit
    children.remove(this as Process)
    this.#forgetSignal?.()
    // A process that the child has started in turn may hold the other end: its end would not come.
    this.#readReport()
    this.#ended.resolve(undefined)
  }

  /** Called by the codec, so that the report is known at once also to a caller who blocks. */
  #onReport(bytes: Uint8Array): void {
    if (!this.#control) return
    try {
      const failure = decodeReport(bytes)
      if (failure) this.#failure ??= new StartError(`${this.name} could not ${failure.doing}`, errorOf(failure))
    } catch (error) {
      this.#failure ??= new StartError(`${this.name} sent no valid report of its start`, error)
    }
    this.#settleStart()
  }

  /** The child has ended, most likely, and tells how in a moment; or it has closed its descriptor, or sends nonsense. */
  #onNoReport(error: unknown): void {
    if (!this.#control) return
    if (error instanceof MessageTooLongError) {
      this.#failure ??= new StartError(`${this.name} sent no valid report of its start`, error)
      this.#settleStart()
      return
    }
    this.#moment = setTimeout(() => {
      this.#failure ??= new StartError(`${this.name} closed its descriptor 3, which is carom's, and ${this.#before()}`)
      this.#settleStart()
    }, MOMENT)
  }

  /** The report is here, or none will come. */
  #settleStart(): void {
    if (!this.#control) return
    clearTimeout(this.#moment)
    void this.#control.close()
    this.#control = undefined
    this.#hold(-1)
    if (this.#failure === undefined) this.#started.resolve(undefined)
    else {
      this.#served?.abandon()
      this.#started.reject(this.#failure)
    }
  }

  /** The process has ended: what it has reported is here, or nothing will be. */
  #readReport(): void {
    const control = this.#control
    if (!control) return
    this.#reading.abort()
    try {
      if (control.pollSync(0)) control.recvSync()
    } catch {
      // The end, or nonsense: it did not start either way.
    }
    if (!this.#control) return
    this.#failure ??= new StartError(`${this.name} ${this.#before()}`)
    this.#settleStart()
  }

  /** How a child ended that has reported nothing. */
  #before(): string {
    const exit = this.#look()
    const { code = null, signal = null } = exit ?? {}
    const ended = signal ? `was ended by ${signal}` : code === null ? 'ended' : `exited with ${code}`
    const why = code === 0 ? `: ${this.#settings.program.endsEarly}` : ''
    return `${exit ? ended : 'still runs'} before it had imported ${shownModule(this.#settings.module)}${why}`
  }

  /**
   * Resolves when the process has ended, with `true`; or with `false` when `timeout` milliseconds are over. Rejects with
   * the error of a start that has failed, once the process has ended.
   */
  async join(timeout: number = Infinity): Promise<boolean> {
    const milliseconds = check.timeout(timeout)
    this.#assertStarted()
    this.#toldElsewhere()
    const exit = this.#look()
    if (exit === REAPED) await this.#ended.promise
    else if (exit === undefined) {
      if (milliseconds === 0) return false
      this.#hold(1)
      let timer: NodeJS.Timeout | undefined
      const expired = new Promise<false>((resolve) => {
        if (milliseconds <= 0x7fffffff) timer = setTimeout(resolve, milliseconds, false)
      })
      const ended = await Promise.race([this.#ended.promise, expired])
      clearTimeout(timer)
      this.#hold(-1)
      if (ended === false) return false
    }
    this.#readReport()
    await this.#started.promise
    return true
  }

  /** The event loop goes on for a daemon only while it starts, and while somebody joins it. */
  #hold(change: 1 | -1): void {
    this.#holds += change
    if (!this.#settings.daemon) return
    if (this.#holds > 0) this.#child?.ref()
    else this.#child?.unref()
  }

  /** As `join`, blocking. */
  joinSync(timeout: number = Infinity): boolean {
    const milliseconds = check.timeout(timeout)
    this.#assertStarted()
    this.#toldElsewhere()
    if (this.#look() === undefined) {
      if (this.#learn(this.#ending?.wait(milliseconds)) === undefined) return false
    }
    this.#readReport()
    if (this.#failure !== undefined) throw this.#failure
    return true
  }

  /** Asks the process to end, by SIGTERM. */
  terminate(): void {
    this.#send('SIGTERM')
  }

  /** Ends the process, by SIGKILL. */
  kill(): void {
    this.#send('SIGKILL')
  }

  #send(signal: NodeJS.Signals): void {
    this.#assertStarted()
    this.#toldElsewhere()
    if (this.#look() === undefined) this.#ending?.signal(signal)
  }

  /**
   * Ends a process that serves: it takes no new calls, those that run go on to their end, and then the process ends, and is
   * closed.
   */
  async stop(): Promise<void> {
    if (!this.#served) {
      this.#assertStarted()
      throw new ProcessError(
        `${this.name} does not serve: end it by terminate(), or by closing the connection that it waits on`,
      )
    }
    this.#toldElsewhere()
    if (this.#closed) return
    await this.#served.drain(this.name)
    const ended = await this.join(STOPPING).catch(() => !this.isAlive)
    if (!ended) {
      this.terminate()
      await this.join().catch(() => {})
    }
    this.close()
  }

  /** Frees what the process takes here. It must have ended. */
  close(): void {
    if (this.#closed) return
    if (this.isAlive) throw new ProcessError(`${this.name} still runs: join or terminate it before it is closed`)
    this.#closed = true
    if (!this.#ending) return
    this.#readReport()
    forgotten.unregister(this)
    this.#served?.abandon()
    this.#ending.close()
  }

  /** Stops the process, if it serves; else terminates it, if it runs. Closes this once it has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#served) {
      await this.stop()
      return
    }
    if (this.#child && !this.#closed) {
      this.terminate()
      await this.join().catch(() => {})
    }
    this.close()
  }

  /** Terminates the process, if it runs; what it takes here is freed when it has ended. */
  [Symbol.dispose](): void {
    if (this.isAlive) {
      this.terminate()
      void this.#ended.promise.then(() => this.close())
    } else this.close()
  }

  /** The functions that the process serves: `await process.remote.resize(image)`. With `serve: true`, once it was started. */
  get remote(): RemoteOf<Functions> {
    if (!this.#settings.serve) throw new ProcessError(`${this.name} does not serve: give it the option serve: true`)
    if (!this.#served) throw new ProcessError(`${this.name} has not been started`)
    return this.#served.remote as RemoteOf<Functions>
  }

  get name(): string {
    return this.#settings.name
  }

  get daemon(): boolean {
    return this.#settings.daemon
  }

  /** The process's id; `undefined` before it is started. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** The code that it exited with; `null` while it runs, and where a signal has ended it. */
  get exitCode(): number | null {
    return this.#look()?.code ?? null
  }

  /** The signal that has ended it, or `null`. */
  get signalCode(): NodeJS.Signals | null {
    return this.#look()?.signal ?? null
  }

  /** Whether it was started and has not ended. */
  get isAlive(): boolean {
    return this.#child !== undefined && this.#look() === undefined
  }

  /** A descriptor that is readable when the process has ended, and stays so until `close`. It stays the process's. */
  get sentinel(): number {
    return this.#open().sentinel
  }

  /** Where `stdio` has a pipe: the streams to it. */
  get stdin(): Writable | null {
    return this.#child?.stdin ?? null
  }

  get stdout(): Readable | null {
    return this.#child?.stdout ?? null
  }

  get stderr(): Readable | null {
    return this.#child?.stderr ?? null
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

  /** How it has ended, if it has. */
  #look(): Exit | undefined {
    return this.#exit ?? (this.#closed ? undefined : this.#learn(this.#ending?.look()))
  }

  #learn(exit: Exit | undefined): Exit | undefined {
    if (exit !== REAPED) this.#exit = exit
    return exit
  }

  #open(): Ending {
    this.#assertStarted()
    if (this.#closed || !this.#ending) throw new ProcessError(`${this.name} is closed`)
    return this.#ending
  }

  #assertStarted(): ChildProcess {
    if (!this.#child) throw new ProcessError(`${this.name} has not been started`)
    return this.#child
  }

  /** A caller other than that of `start` learns why it failed, or knows. */
  #toldElsewhere(): void {
    this.#started.promise.catch(() => {})
  }
}

function killSignal({ spawn: { killSignal: chosen = 'SIGTERM' } }: ProcessSettings): NodeJS.Signals {
  if (typeof chosen === 'string') return chosen
  return Object.entries(constants.signals).find(([, number]) => number === chosen)?.[0] as NodeJS.Signals
}
