import { allocate, type EngineBuffer, viewOf } from './engine.js'
import { SHORT_TEXT, TEXT, WIDE_TEXT } from './format.js'

/** The memory that small messages share, in bytes. */
const SHARED_MEMORY = 32 * 1024

/** A message of this size or more takes its memory with it: it may still be on its way when the next one is encoded. */
const OWN_MEMORY = 16 * 1024

/** The room that is left in the memory whenever a value begins: enough for a number, and for a text of up to 63 units. */
const ROOM = 160

/** The longest text that has its length in its first byte, and for which there is always room. */
const SHORT = 63

/** The longest text that a loop writes sooner than a call into the engine does. Newer engines are called without a context. */
const LOOPED = Number.parseInt(process.versions.v8 ?? '', 10) >= 13 ? 31 : SHORT

/** How many units of a long text are looked at before it is taken for ASCII. */
const PROBES = 64

/** A message as it grows: its memory, and how numbers, texts and bytes are written. */
export class Output {
  bytes: EngineBuffer = allocate(SHARED_MEMORY)
  /** Where the next byte goes. */
  at = 0
  /** Beyond here a value has to make room first. */
  protected limit: number = SHARED_MEMORY - ROOM
  #shared: EngineBuffer = this.bytes
  /** All of `bytes`. */
  view: DataView = viewOf(this.bytes)

  /** Begins a message, behind room for what may have to precede it. */
  protected restart(): void {
    if (this.bytes !== this.#shared) this.#use(this.#shared)
    this.at = 1
  }

  /** Gives up the memory of a long message, which is now the caller's. */
  protected finish(): void {
    if (this.bytes === this.#shared && this.at >= OWN_MEMORY) {
      this.#shared = allocate(SHARED_MEMORY)
    }
  }

  /** Makes room for `size` bytes, and for a small value behind them. */
  reserve(size: number): void {
    if (this.at + size <= this.limit) return
    const needed = this.at + size + ROOM
    // Once a message is long, it is long by one big part, or grows on and on.
    const grown = allocate(size > this.at ? needed : Math.max(needed, this.at * 2))
    grown.set(this.at === this.bytes.length ? this.bytes : this.bytes.subarray(0, this.at))
    this.#use(grown)
  }

  #use(memory: EngineBuffer): void {
    this.bytes = memory
    this.view = viewOf(memory)
    this.limit = memory.length - ROOM
  }

  byte(value: number): void {
    this.bytes[this.at++] = value
  }

  /** A whole number, 7 bits a byte, the lowest first. */
  count(value: number): void {
    const { bytes } = this
    let { at } = this
    while (value > 127) {
      bytes[at++] = (value & 127) | 128
      value = value < 0x80000000 ? value >>> 7 : Math.floor(value / 128)
    }
    bytes[at++] = value
    this.at = at
  }

  float64(value: number): void {
    this.view.setFloat64(this.at, value, true)
    this.at += 8
  }

  /** A count, and as many bytes. */
  blob(blob: Uint8Array): void {
    this.reserve(blob.length + 10)
    this.count(blob.length)
    this.bytes.set(blob, this.at)
    this.at += blob.length
  }

  /** A text as a value. */
  text(text: string): void {
    const { length } = text
    if (length > LOOPED && this.#textByCall(text)) return
    const { bytes, at } = this
    bytes[at] = SHORT_TEXT | length
    let to = at + 1
    let units = 0
    let i = 0
    for (; i + 3 < length; i += 4) {
      const one = text.charCodeAt(i)
      const two = text.charCodeAt(i + 1)
      const three = text.charCodeAt(i + 2)
      const four = text.charCodeAt(i + 3)
      bytes[to] = one
      bytes[to + 1] = two
      bytes[to + 2] = three
      bytes[to + 3] = four
      units |= one | two | three | four
      to += 4
    }
    for (; i < length; i++) {
      const unit = text.charCodeAt(i)
      bytes[to++] = unit
      units |= unit
    }
    if (units > 255) this.#wideText(text)
    else this.at = to
  }

  /** Has the engine write a text if it is long or ASCII; returns whether it did. */
  #textByCall(text: string): boolean {
    const { length } = text
    if (length > SHORT) {
      this.#longText(text)
      return true
    }
    const { at } = this
    if (this.bytes.utf8Write(text, at + 1, length + 8) !== length) return false
    this.bytes[at] = SHORT_TEXT | length
    this.at = at + 1 + length
    return true
  }

  #longText(text: string): void {
    const { length } = text
    // Most texts that are not ASCII show it early, and trying costs more than writing them.
    for (let n = 0; n < PROBES; n++) {
      if (text.charCodeAt(Math.floor((n * length) / PROBES)) > 127) {
        this.#wideText(text)
        return
      }
    }
    this.reserve(length + 10)
    const start = this.at
    this.bytes[this.at++] = TEXT
    this.count(length)
    // It takes as many bytes as units only where all are ASCII. If it is cut, it is cut behind that: a character has up to 4.
    const written = this.bytes.utf8Write(text, this.at, length + 8)
    if (written === length) {
      this.at += written
      return
    }
    this.at = start
    this.#wideText(text)
  }

  #wideText(text: string): void {
    const { length } = text
    this.reserve(2 * length + 10)
    this.bytes[this.at++] = WIDE_TEXT
    this.count(length)
    if (length > SHORT) {
      this.at += this.bytes.ucs2Write(text, this.at, 2 * length)
      return
    }
    const { bytes } = this
    let { at } = this
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i)
      bytes[at++] = unit & 255
      bytes[at++] = unit >>> 8
    }
    this.at = at
  }
}
