import { invalidType } from '../../api/arguments.js'
import { DecodeError, EncodeError } from '../../api/errors.js'
import type { Memory } from '../../connection/memory.js'
import type { Codec, Coder, Encoded } from '../coder.js'
import { TransferList } from '../../wire/transferable.js'
import { inPlace } from '../in-place.js'
import { placeIn, withPlace } from '../path.js'
import { type PickleOptions, pickleSettings, type PickleSettings } from './options.js'
import { shiftOf } from './read/placement.js'
import { readPickle } from './read/reader.js'
import { Writer } from './write/writer.js'

/** A message from this size on has memory of its own. */
const OWN_MEMORY = 16 * 1024

/** Of a message with shared memory in it. Its place, which only a refusal needs, is found by writing the value once more. */
class LocalList extends TransferList {
  readonly #value: unknown
  readonly #settings: PickleSettings

  constructor(value: unknown, settings: PickleSettings) {
    super()
    this.#value = value
    this.#settings = settings
  }

  override placeOfSegment(): string | undefined {
    try {
      new Writer(this.#settings, true).pickle(this.#value)
    } catch (error) {
      return placeIn(error)
    }
    return undefined
  }
}

/** Pickles of plain data, for a Python peer. */
class PickleCoder implements Coder {
  readonly name = 'pickle'
  readonly #encoded: Encoded = { bytes: new Uint8Array(0), start: 0, end: 0, parts: undefined, transferList: undefined }
  readonly #settings: PickleSettings
  readonly #writer: Writer
  #writing = false

  constructor(settings: PickleSettings) {
    this.#settings = settings
    this.#writer = new Writer(settings)
  }

  encode(value: unknown): Encoded {
    // A getter of the value may send something itself.
    const writer = this.#writing ? new Writer(this.#settings) : this.#writer
    const outermost = !this.#writing
    this.#writing = true
    try {
      writer.pickle(value)
    } catch (error) {
      throw withPlace(error)
    } finally {
      if (outermost) this.#writing = false
    }
    const encoded = this.#encoded
    encoded.parts = writer.parts
    writer.parts = undefined
    encoded.bytes = writer.bytes
    encoded.start = writer.start
    encoded.end = writer.size
    encoded.transferList = writer.localOnly ? new LocalList(value, this.#settings) : undefined
    return encoded
  }

  shift(head: Uint8Array, size: number): number {
    return shiftOf(head, size)
  }

  decode({ bytes }: Memory, start: number, end: number): unknown {
    return readPickle(bytes, start, end, this.#settings)
  }
}

/**
 * A codec for Python's pickles, for the option `codec` of a connection and for use by itself.
 *
 * @example
 * ```ts
 * import { pickle } from 'carom/python'
 *
 * const codec = pickle()
 * const bytes = codec.encode({ n: 1 }) // as by Python's pickle.dumps({'n': 1})
 * console.log(codec.decode(bytes)) // { n: 1 }
 * ```
 */
export class PickleCodec implements Codec {
  /** @internal */
  readonly [inPlace]: Coder
  readonly #settings: PickleSettings

  /** @internal */
  constructor(settings: PickleSettings) {
    this.#settings = settings
    this[inPlace] = new PickleCoder(settings)
  }

  /** The pickle of `value`, in memory that is the caller's. Throws an `EncodeError` that names the place of what has no form. */
  encode(value: unknown): Buffer {
    const { parts = [], bytes, start, end } = this.#encode(value)
    const last = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start)
    return parts.length === 0 && end >= OWN_MEMORY ? last : Buffer.concat([...parts, last])
  }

  #encode(value: unknown): Encoded {
    try {
      return this[inPlace].encode(value)
    } catch (error) {
      throw new EncodeError(error)
    }
  }

  /**
   * The value of a pickle, which is all of `bytes`. `Buffer`s in it are views of that memory. Throws a `DecodeError` where it
   * is none, or has something in it that isn't read.
   */
  decode(bytes: ArrayBufferView): unknown {
    if (!ArrayBuffer.isView(bytes)) throw invalidType('bytes', 'a Uint8Array', bytes)
    const message = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    try {
      return readPickle(message, 0, message.length, this.#settings)
    } catch (error) {
      throw new DecodeError(message, error)
    }
  }
}

/**
 * The codec `'pickle'` with options: for `codec`, and, by its `encode` and `decode`, for pickles in files and inside other
 * pickles.
 *
 * @example
 * ```ts
 * import { pipe } from 'carom'
 * import { pickle, PythonTuple } from 'carom/python'
 *
 * const [here, there] = pipe({ codec: pickle({ tuples: true }) })
 * await here.send(PythonTuple.of(1, 2))
 * console.log((await there.recv()) instanceof PythonTuple) // true
 * console.log(pickle().decode(pickle().encode([1, 2]))) // [ 1, 2 ]
 * ```
 */
export function pickle(options?: PickleOptions): PickleCodec {
  return new PickleCodec(pickleSettings(options))
}
