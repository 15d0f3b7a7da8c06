import { addExtension, C1, Packr, RESET_BUFFER_MODE, REUSE_BUFFER_MODE, Unpackr } from 'msgpackr'

import type { Coder, Encoded, EncodeOptions } from './coder.js'
import type { Memory } from '../connection/memory.js'
import type { Arrived } from '../wire/arrived.js'
import type * as Descriptors from '../wire/descriptors.js'
import type { Transferable } from '../wire/transferable.js'
import { isSmallTree } from './tree.js'

/**
 * Marks a message with a `Map`, or with an object that occurs more than once: MessagePack's 32-bit extension of type `M`,
 * around a message in which objects are msgpackr's records, so that its maps can only be `Map`s. Messages without, nearly
 * all, are plain MessagePack, in which an object is a map: any reader understands them.
 */
const EXTENSION_32 = 0xc9
const IN_RECORDS = 0x4d
const WRAPPING = 6

/** A message of this size or more takes its memory with it: it may still be on its way when the next one is encoded. */
const OWN_MEMORY = 16 * 1024

/** The memory that small messages share, in bytes. */
const SHARED_MEMORY = 16 * 1024

/** The reader knows the names of properties by their bytes in what ends before this byte of its memory. */
const SMALL = 180

/** Stands in a message for an object whose descriptor goes beside it. */
const TRANSFERABLE = 0x43

const OPTIONS = { structuredClone: true, moreTypes: true, useBigIntExtension: true, int64AsType: 'bigint' } as const
const PLAIN = { ...OPTIONS, useRecords: false, mapsAsObjects: true, variableMapSize: true } as const
const RECORDS = { ...OPTIONS, useRecords: true, mapsAsObjects: false } as const

/** Refuses what the original would write as `undefined`. */
class StrictPackr extends Packr {
  writeFunction(value: () => unknown): never {
    throw new TypeError(`the function ${value.name || '(anonymous)'} has no encoding`)
  }
}

/** The packer asks whether to write a `Map` as an empty one when, and only when, it meets a `Map`. */
class PlainPackr extends StrictPackr {
  declare structuredClone: boolean
  metMap = false

  get mapAsEmptyObject(): boolean {
    this.metMap = true
    return true
  }
}

/** MessagePack with the structured-clone types. */
class Msgpack implements Coder {
  readonly #encoded: Encoded = { bytes: new Uint8Array(0), start: 0, end: 0, transferList: undefined }
  readonly #packer = new PlainPackr(PLAIN)
  readonly #unpacker = new Unpackr(PLAIN)
  /** What it returns must not be in the memory that small messages are read from. */
  readonly #smallUnpacker = new Unpackr({ ...PLAIN, copyBuffers: true })
  readonly #small = Buffer.allocUnsafeSlow(SMALL)
  readonly #recordPacker = new StrictPackr(RECORDS)
  readonly #recordUnpacker = new Unpackr(RECORDS)
  /** One object for all calls: the reader takes the numbers out of it at once. */
  readonly #range = { start: 0, end: 0 }
  readonly #descriptors: typeof Descriptors
  /** Of the message that is being encoded. The packer hands nothing on to its extensions. */
  #transferList: Transferable[] | undefined
  #carrier: string | undefined
  /** Of the message that is being decoded. */
  #arrived: Arrived | undefined

  constructor(descriptors: typeof Descriptors) {
    this.#descriptors = descriptors
    addExtension({
      Class: { [Symbol.hasInstance]: descriptors.isTransferable },
      type: TRANSFERABLE,
      pack: (object: Transferable) => descriptors.describe(object, (this.#transferList ??= []), this.#carrier),
      unpack: (bytes: Uint8Array) => descriptors.make(this.#arrived, bytes),
    } as unknown as Parameters<typeof addExtension>[0])
  }

  encode(value: unknown, options?: EncodeOptions): Encoded {
    const [outerList, outerCarrier] = [this.#transferList, this.#carrier]
    this.#carrier = options?.keepOptions ? undefined : 'msgpack'
    try {
      this.#transferList = undefined
      this.#encode(value)
      this.#encoded.transferList = this.#transferList
      return this.#encoded
    } finally {
      this.#transferList = outerList
      this.#carrier = outerCarrier
    }
  }

  #encode(value: unknown): void {
    const packer = this.#packer
    // It then keeps no table of the objects that it has met, which takes nearly as long as to write a small one.
    packer.structuredClone = !isSmallTree(value)
    const bytes: Packed = packer.pack(value, REUSE_BUFFER_MODE | RESET_BUFFER_MODE)
    // A message with an object that occurs twice comes as a copy, without the marks of where it is.
    if (packer.metMap || bytes.end === undefined) {
      packer.metMap = false
      this.#encodeInRecords(value)
      return
    }
    const encoded = this.#encoded
    encoded.bytes = bytes
    encoded.start = bytes.start ?? 0
    encoded.end = bytes.end
    if (bytes.length > SHARED_MEMORY || encoded.end - encoded.start >= OWN_MEMORY) {
      packer.useBuffer(Buffer.allocUnsafeSlow(SHARED_MEMORY))
    }
  }

  #encodeInRecords(value: unknown): void {
    this.#transferList = undefined
    const message = this.#recordPacker.pack(value)
    const bytes = Buffer.allocUnsafe(WRAPPING + message.length)
    bytes[0] = EXTENSION_32
    bytes.writeUInt32BE(message.length, 1)
    bytes[5] = IN_RECORDS
    bytes.set(message, WRAPPING)
    const encoded = this.#encoded
    encoded.bytes = bytes
    encoded.start = 0
    encoded.end = bytes.length
  }

  decode(memory: Memory, start: number, end: number, arrived?: Arrived): unknown {
    const outer = this.#arrived
    this.#arrived = arrived
    try {
      const marked = memory.bytes[start] === EXTENSION_32
      const value = marked ? this.#decodeMarked(memory.bytes, start, end) : this.#decodePlain(memory, start, end)
      if (value === C1) throw new Error('the byte 0xc1 begins no value')
      return value
    } finally {
      this.#arrived = outer
    }
  }

  /** Decodes a message that may bear a mark: of descriptors beside it, of records in it, or both. */
  #decodeMarked(bytes: Buffer, from: number, end: number): unknown {
    const start = this.#descriptors.behindMark(bytes, from, end)
    const inRecords = bytes[start] === EXTENSION_32 && bytes[start + 5] === IN_RECORDS && end - start > WRAPPING
    return inRecords
      ? this.#unpack(this.#recordUnpacker, bytes, start + WRAPPING, end)
      : this.#unpack(this.#unpacker, bytes, start, end)
  }

  #decodePlain(memory: Memory, start: number, end: number): unknown {
    const size = end - start
    // For the reader, an end at 0 is none.
    if (size >= SMALL || size === 0) return this.#unpack(this.#unpacker, memory.bytes, start, end)
    // Else it makes each name anew. The copy takes a tenth of what that does.
    this.#small.set(memory.part(start, end))
    return this.#unpack(this.#smallUnpacker, this.#small, 0, size)
  }

  #unpack(unpacker: Unpackr, bytes: Buffer, start: number, end: number): unknown {
    const range = this.#range
    range.start = start
    range.end = end
    return unpacker.unpack(bytes, range) as unknown
  }
}

interface Packed extends Uint8Array {
  start?: number
  end?: number
}

/**
 * `descriptors` is the module of that name. It is not imported: this one may be loaded by another loader than those that import
 * it (a test runner's), which would make a second one, with symbols of its own.
 */
export function createMsgpack(descriptors: typeof Descriptors): Coder {
  return new Msgpack(descriptors)
}
