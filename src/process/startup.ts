import { Connection } from '../api/connection.js'
import { MessageTooLongError, StartError } from '../api/errors.js'
import type { Codec } from '../codecs/coder.js'
import { Deferred } from '../event-loop/deferred.js'
import { clearTimeout, setTimeout } from '../event-loop/timers.js'
import type { Exit } from './ending.js'
import { decodeReport, errorOf, REPORT_MAX, shownModule } from './report.js'

/** Milliseconds within which a child that has closed its descriptors is taken to be about to end. */
const MOMENT = 2000

/** The child that starts. */
export interface StartingChild {
  readonly name: string
  /** Its module's URL, or path. */
  readonly module: string
  /** Why it may have exited with 0 before it imported the module. */
  readonly endsEarly: string
  /** How it has ended, if it has. */
  exit(): Exit | undefined
  /** The start is over; `failure` says why it failed, if it did. */
  onOver(failure: unknown): void
}

/** The start of a child: it is told what to run, and reports that it is about to, or why it can't. */
export class Startup {
  readonly #child: StartingChild
  /** Until the report is here, or none will come. */
  #control: Connection | undefined
  /** Ends the wait for the report. */
  readonly #reading = new AbortController()
  readonly #over = new Deferred<void>()
  #timer: NodeJS.Timeout | undefined
  #failure: unknown

  /** `control` is the descriptor by which the child is told `messages`, and reports. */
  constructor(control: number, messages: readonly Uint8Array[], child: StartingChild) {
    this.#child = child
    // The codec is called at once also where the caller of a `Sync` method waits.
    const codec: Codec = { encode: () => new Uint8Array(), decode: (bytes) => this.#onReport(bytes) }
    const connection = Connection.adopt(control, { codec, maxMessageSize: REPORT_MAX })
    this.#control = connection
    // Where they can't be sent, the child has ended, which is what its end says.
    Promise.all(messages.map((each) => connection.sendBytes(each))).catch(() => {})
    connection.recv({ signal: this.#reading.signal }).catch((error) => this.#onNoReport(error))
  }

  /** Resolves when the child is about to call its target, and rejects where it can't. */
  get promise(): Promise<void> {
    return this.#over.promise
  }

  /** Why it has failed; `undefined` where it has not. */
  get failure(): unknown {
    return this.#failure
  }

  /** A caller other than that of `start` learns why it failed, or knows. */
  handleFailure(): void {
    this.#over.promise.catch(() => {})
  }

  /** This program ends the child, which is why the start fails, if it does. */
  abort(reason: unknown): void {
    if (this.#control) this.#failure ??= reason
  }

  /** The child has ended: what it has reported is here, or nothing will be. A process that it has started may hold its end open. */
  readLast(): void {
    const control = this.#control
    if (!control) return
    this.#reading.abort()
    try {
      if (control.pollSync(0)) control.recvSync()
    } catch {
      // The end, or nonsense: it did not start either way.
    }
    this.#end(() => `${this.#child.name} ${this.#beforeImport()}`)
  }

  #onReport(bytes: Uint8Array): void {
    if (!this.#control) return
    const { name } = this.#child
    try {
      const failure = decodeReport(bytes)
      if (failure) this.#failure ??= new StartError(`${name} could not ${failure.doing}`, errorOf(failure))
    } catch (error) {
      this.#failure ??= invalidReport(name, error)
    }
    this.#end()
  }

  /** The child has ended, most likely, and tells how in a moment; or it has closed its descriptor, or sends nonsense. */
  #onNoReport(error: unknown): void {
    if (!this.#control) return
    const { name } = this.#child
    if (error instanceof MessageTooLongError) {
      this.#failure ??= invalidReport(name, error)
      this.#end()
      return
    }
    const why = (): string => `${name} closed its descriptor 3, which is carom's, and ${this.#beforeImport()}`
    this.#timer = setTimeout(() => this.#end(why), MOMENT)
  }

  /** The report is here, or none will come, for which `why` gives the reason. */
  #end(why?: () => string): void {
    if (!this.#control) return
    if (why) this.#failure ??= new StartError(why())
    clearTimeout(this.#timer)
    void this.#control.close()
    this.#control = undefined
    this.#child.onOver(this.#failure)
    if (this.#failure === undefined) this.#over.resolve(undefined)
    else this.#over.reject(this.#failure)
  }

  /** How a child ended that has reported nothing. */
  #beforeImport(): string {
    const { module, endsEarly } = this.#child
    const exit = this.#child.exit()
    const { code = null, signal = null } = exit ?? {}
    const ended = signal ? `was ended by ${signal}` : code === null ? 'ended' : `exited with ${code}`
    const why = code === 0 ? `: ${endsEarly}` : ''
    return `${exit ? ended : 'still runs'} before it had imported ${shownModule(module)}${why}`
  }
}

function invalidReport(name: string, cause: unknown): StartError {
  return new StartError(`${name} sent no valid report of its start`, cause)
}
