import * as op from '../opcodes.js'
import { encodeText, type NativeBuffer } from '../text.js'
import { goneMemory } from '../../views.js'

/** A message of this size or more takes its memory with it: it may still be on its way when the next one is written. */
const OWN_MEMORY = 16 * 1024

/** Up to this many characters, a loop costs less than a native call. */
const SHORT = 64

/** Up to this many characters, taking too much room costs less than counting bytes. */
const COUNTED = 4096

/**
 * Data from this size on is not copied: it is a part of its own of the message, in its own memory. Another part is another system
 * call, and maybe another time that the receiver is woken, which takes as long as to copy so much.
 */
const PART = 128 * 1024

/** An opcode and a length of 32 bits, which the longest string of JavaScript fits. */
const HEADER = 5

const MAX_UINT32 = 0xffffffff

/** The memory that a pickle is written to, which grows, and the opcodes for what has nothing inside. */
export class Output {
  /** For small messages, one after the other. */
  #shared: NativeBuffer = newMemory(OWN_MEMORY)
  #sharedView: DataView = viewOf(this.#shared)
  bytes: NativeBuffer = this.#shared
  #view: DataView = this.#sharedView
  /** Where the last part begins that is written here. */
  start = 0
  /** The position behind its last byte. */
  size = 0
  /** The parts before it, where anything large is in the pickle. */
  parts: Uint8Array[] | undefined

  /** Begins a new pickle. */
  reset(): void {
    if (this.bytes === this.#shared && this.size >= OWN_MEMORY) {
      this.#shared = newMemory(OWN_MEMORY)
      this.#sharedView = viewOf(this.#shared)
    }
    this.bytes = this.#shared
    this.#view = this.#sharedView
    this.start = 0
    this.size = 0
    if (this.parts !== undefined) this.parts = undefined
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    if (this.size + count <= this.bytes.length) return
    const written = this.size - this.start
    const memory = newMemory(Math.max(written + count + 1024, this.bytes.length * 2))
    memory.set(this.bytes.subarray(this.start, this.size))
    this.bytes = memory
    this.start = 0
    this.size = written
    this.#view = viewOf(memory)
  }

  opcode(opcode: number): void {
    if (this.size === this.bytes.length) this.reserve(1)
    this.bytes[this.size++] = opcode
  }

  /** A reference to what the reader's memo has at `slot`. */
  get(slot: number): void {
    this.reserve(HEADER)
    if (slot < 256) {
      this.bytes[this.size++] = op.BINGET
      this.bytes[this.size++] = slot
    } else {
      this.#header(op.LONG_BINGET, slot)
    }
  }

  /** A `float`, even where it is whole. */
  float(value: number): void {
    this.reserve(9)
    this.bytes[this.size] = op.BINFLOAT
    this.#view.setFloat64(this.size + 1, value)
    this.size += 9
  }

  number(value: number): void {
    this.reserve(9)
    const { bytes } = this
    if ((value | 0) === value && (value !== 0 || 1 / value > 0)) {
      if (value >= 0 && value < 256) {
        bytes[this.size++] = op.BININT1
        bytes[this.size++] = value
      } else if (value >= 0 && value < 65_536) {
        bytes[this.size++] = op.BININT2
        bytes[this.size++] = value
        bytes[this.size++] = value >> 8
      } else {
        this.#header(op.BININT, value)
      }
    } else if (Number.isSafeInteger(value) && value !== 0) {
      this.#longInteger(value)
    } else {
      bytes[this.size] = op.BINFLOAT
      this.#view.setFloat64(this.size + 1, value)
      this.size += 9
    }
  }

  /** A safe integer of more than 32 bits: 7 bytes hold it. */
  #longInteger(value: number): void {
    const { bytes } = this
    const high = Math.floor(value / 2 ** 32)
    bytes[this.size] = op.LONG1
    bytes[this.size + 1] = 7
    this.#view.setUint32(this.size + 2, value >>> 0, true)
    bytes[this.size + 6] = high
    bytes[this.size + 7] = high >> 8
    bytes[this.size + 8] = high >> 16
    this.size += 9
  }

  text(text: string): void {
    const { length } = text
    if (length <= SHORT) {
      this.reserve(2 + length)
      const { bytes, size } = this
      let p = size + 2
      for (let i = 0; i < length; i++) {
        const code = text.charCodeAt(i)
        if (code >= 0x80) {
          this.#longText(text)
          return
        }
        bytes[p++] = code
      }
      bytes[size] = op.SHORT_BINUNICODE
      bytes[size + 1] = length
      this.size = p
      return
    }
    this.#longText(text)
  }

  #longText(text: string): void {
    // Three bytes for each character are always enough, and too many for texts of megabytes.
    this.reserve(HEADER + (text.length > COUNTED ? Buffer.byteLength(text) : text.length * 3))
    const count = encodeText(this.bytes, text, this.size + HEADER)
    this.#header(op.BINUNICODE, count)
    this.size += count
  }

  data(data: Uint8Array): void {
    const { length } = data
    const apart = length >= PART
    this.reserve(apart ? 9 : 9 + length)
    if (length < 256) {
      this.bytes[this.size++] = op.SHORT_BINBYTES
      this.bytes[this.size++] = length
    } else if (length <= MAX_UINT32) {
      this.#header(op.BINBYTES, length)
    } else {
      this.#wideHeader(op.BINBYTES8, length)
    }
    if (apart) this.#insert(data)
    else this.#copy(data)
  }

  /** The little-endian two's complement of an integer. */
  integer(data: Uint8Array): void {
    this.reserve(HEADER + data.length)
    if (data.length < 256) {
      this.bytes[this.size++] = op.LONG1
      this.bytes[this.size++] = data.length
    } else {
      this.#header(op.LONG4, data.length)
    }
    this.#copy(data)
  }

  /** Makes `data` a part of its own, behind what is written. */
  #insert(data: Uint8Array): void {
    this.parts ??= []
    this.parts.push(this.bytes.subarray(this.start, this.size), data)
    this.start = this.size
  }

  /** Throws where code of the value's own has taken memory away that is a part of the pickle. */
  assertParts(): void {
    // A part is never empty but then.
    if (this.parts?.some((part) => part.length === 0)) throw goneMemory()
  }

  #copy(data: Uint8Array): void {
    const { bytes, size } = this
    if (data.length <= SHORT) for (let i = 0; i < data.length; i++) bytes[size + i] = data[i]!
    else bytes.set(data, size)
    this.size = size + data.length
  }

  #header(opcode: number, value: number): void {
    this.bytes[this.size] = opcode
    this.#view.setUint32(this.size + 1, value, true)
    this.size += HEADER
  }

  #wideHeader(opcode: number, value: number): void {
    this.bytes[this.size] = opcode
    this.#view.setBigUint64(this.size + 1, BigInt(value), true)
    this.size += 9
  }
}

function newMemory(size: number): NativeBuffer {
  return Buffer.allocUnsafeSlow(size) as NativeBuffer
}

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length)
}
