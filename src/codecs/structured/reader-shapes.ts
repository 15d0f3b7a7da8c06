import { NAMES_MAX } from './format.js'
import { type Input, Malformed } from './input.js'
import { generate, type Generated } from './generated.js'

/** How many shapes a reader remembers from one message to the next. */
const REMEMBERED = 128

/** How many objects of a shape must arrive before code is generated for it. */
const OFTEN = 16

/** The maximum number of shapes for which one peer can cause code to be generated. */
const GENERATED_MAX = 64

/** The longest run of names that is remembered, in bytes. */
const RUN_MAX = 2048

/** Bytes: as many fours as there are, and those that are left. */
interface Run {
  readonly words: Int32Array
  readonly rest: Uint8Array
}

/** The names of an object's properties, as some message had them. */
export class ReaderShape {
  readonly names: readonly string[]
  /** The names as the message had them; none where the shape is not remembered. */
  readonly run: Run | undefined
  /** Whether `Object.prototype` has something by one of the names. */
  readonly guarded: boolean
  /** How many objects had it. */
  count = 0
  /** Builds an object of it, once it has come often. */
  generated: Generated | undefined

  constructor(names: readonly string[], run: Run | undefined) {
    this.names = names
    this.run = run
    this.guarded = names.some((name) => name in Object.prototype)
  }
}

/** The shapes that one peer has sent. Other peers don't influence what is remembered. */
export class ReaderShapes {
  /** The shapes of the last message in their order, which are those of the next one as a rule. */
  readonly #last: ReaderShape[] = []
  readonly #table = new Map<number, ReaderShape>()
  #generated = 0

  /** The shape whose names are next in `input`; it is the message's `n`th. */
  read(input: Input, n: number): ReaderShape {
    const size = input.count()
    const at = input.skip(size)
    const { bytes } = input
    const last = this.#last[n]
    if (last !== undefined && isRun(last.run!, input, at, size)) {
      if (last.generated !== undefined) last.generated.used = true
      return last
    }
    if (n >= REMEMBERED || size > RUN_MAX) return parse(input, at, false)
    const hash = hashOf(bytes, at, size)
    let shape = this.#table.get(hash)
    if (shape === undefined || !isRun(shape.run!, input, at, size)) {
      shape = parse(input, at, true)
      if (this.#table.size === REMEMBERED) this.#table.clear()
      this.#table.set(hash, shape)
    }
    if (n <= this.#last.length) this.#last[n] = shape
    return shape
  }

  /** Called when a shape has come, and has no code. */
  met(shape: ReaderShape): void {
    if (++shape.count !== OFTEN || shape.run === undefined || this.#generated === GENERATED_MAX) return
    this.#generated++
    shape.generated = generate(shape.names)
  }
}

function isRun({ words, rest }: Run, { bytes, view }: Input, at: number, size: number): boolean {
  const { length } = words
  if (4 * length + rest.length !== size) return false
  for (let n = 0; n < length; n++) if (words[n] !== view.getInt32(at + 4 * n, true)) return false
  for (let n = 0; n < rest.length; n++) if (rest[n] !== bytes[at + 4 * length + n]) return false
  return true
}

function runOf({ bytes, view }: Input, at: number, size: number): Run {
  const words = Int32Array.from({ length: size >>> 2 }, (_, n) => view.getInt32(at + 4 * n, true))
  return { words, rest: Uint8Array.prototype.slice.call(bytes, at + 4 * words.length, at + size) }
}

function hashOf(bytes: Uint8Array, at: number, size: number): number {
  let hash = size
  const end = at + size
  for (let n = at; n < end; n++) hash = Math.imul(hash ^ bytes[n]!, 0x01000193)
  return (hash ^ (hash >>> 15)) & 0x3fffffff
}

function parse(input: Input, at: number, remembered: boolean): ReaderShape {
  const { at: behind, end } = input
  input.at = at
  input.end = behind
  const count = input.byte()
  if (count > NAMES_MAX) throw new Malformed(`a shape in the message has ${count} names`)
  const names: string[] = []
  for (let n = 0; n < count; n++) {
    const head = input.count()
    const length = Math.floor(head / 2)
    names.push(head % 2 === 0 ? input.narrow(length) : input.wide(length))
  }
  if (input.at !== behind) throw new Malformed('the names of a shape in the message are longer than they say')
  input.end = end
  return new ReaderShape(names, remembered ? runOf(input, at, behind - at) : undefined)
}
