import { allocate, type EngineBuffer, viewOf } from './engine.js'
import { textOf } from './texts.js'

/** The message is truncated, or contains something that no writer produces. */
export class Malformed extends Error {
  static {
    Object.defineProperty(this.prototype, 'name', { value: 'Error', configurable: true, writable: true })
  }
}

const NONE = allocate(0)

/** A message as it is read: numbers, texts and bytes, each of which has to lie within it. */
export class Input {
  bytes: EngineBuffer = NONE
  /** All of `bytes`. */
  view: DataView = viewOf(NONE)
  at = 0
  end = 0

  /** Begins to read `bytes[start..end]`. */
  protected open(bytes: EngineBuffer, start: number, end: number): void {
    // Most messages share their memory with earlier ones.
    if (bytes !== this.bytes) {
      this.bytes = bytes
      this.view = viewOf(bytes)
    }
    this.at = start
    this.end = end
  }

  /** Returns the position of the next `size` bytes, and skips them. */
  skip(size: number): number {
    const { at } = this
    if (size > this.end - at) throw new Malformed('the message ends too early')
    this.at = at + size
    return at
  }

  byte(): number {
    if (this.at >= this.end) throw new Malformed('the message ends too early')
    return this.bytes[this.at++]!
  }

  /** A whole number. */
  count(): number {
    const first = this.byte()
    if (first < 128) return first
    let value = first & 127
    for (let scale = 128; ; scale *= 128) {
      const next = this.byte()
      value += (next & 127) * scale
      if (next < 128) {
        if (!Number.isSafeInteger(value)) break
        return value
      }
      if (scale > 2 ** 42) break
    }
    throw new Malformed('a count in the message is too large')
  }

  float64(): number {
    return this.view.getFloat64(this.skip(8), true)
  }

  /** The next `length` units, of one byte each. */
  narrow(length: number): string {
    return textOf(this.bytes, this.view, this.skip(length), length)
  }

  /** The next `length` units, of two bytes each. */
  wide(length: number): string {
    const at = this.skip(2 * length)
    return length === 0 ? '' : this.bytes.ucs2Slice(at, at + 2 * length)
  }

  /** The bytes behind a count, as they lie in the message. */
  blob(): Uint8Array {
    const size = this.count()
    const at = this.skip(size)
    return this.bytes.subarray(at, at + size)
  }
}
