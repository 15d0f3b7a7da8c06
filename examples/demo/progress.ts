import { stdout } from 'node:process'

/** The result of a phase, for the summary. */
export interface Done {
  title: string
  messages: number
  bytes: number
  seconds: number
  /** Further details. */
  note: string
}

/**
 * Counts what a phase does and shows it about once a second: on a terminal in one line that is written over, else line by line.
 * It has no timer, so it also works where a phase blocks the event loop.
 */
export class Progress {
  readonly #title: string
  readonly #start = performance.now()
  #shown = this.#start
  #messages = 0
  #bytes = 0

  constructor(title: string) {
    this.#title = title
    if (stdout.isTTY) this.#show(0)
  }

  /** Seconds since the phase began. */
  get seconds(): number {
    return (performance.now() - this.#start) / 1000
  }

  add(messages: number, bytes: number): void {
    this.#messages += messages
    this.#bytes += bytes
    const now = performance.now()
    if (now - this.#shown < 1000) return
    this.#shown = now
    this.#show(this.seconds)
  }

  /** Ends the phase. */
  done(note = ''): Done {
    const seconds = this.seconds
    if (stdout.isTTY) stdout.write('\r\x1b[2K')
    return { title: this.#title, messages: this.#messages, bytes: this.#bytes, seconds, note }
  }

  #show(seconds: number): void {
    const cells = [this.#title.padEnd(40), `${seconds.toFixed(0)} s`.padStart(5), count(this.#messages).padStart(12)]
    const line = `${cells.join('')} messages  ${size(this.#bytes).padStart(9)}  ${perSecond(this.#bytes, seconds)}`
    stdout.write(stdout.isTTY ? `\r\x1b[2K${line}` : `${line}\n`)
  }
}

export const count = (value: number): string => Math.round(value).toLocaleString('en-US')

export function size(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(2)} GB`
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(1)} MB`
  return `${(bytes / 1e3).toFixed(1)} kB`
}

export function perSecond(bytes: number, seconds: number): string {
  return seconds === 0 ? '' : `${size(bytes / seconds)}/s`
}
