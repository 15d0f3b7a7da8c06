import { NAMES_MAX } from './format.js'
import { generateWriter } from './generated-writer.js'
import { WriterShape } from './writer-shape.js'

/** How many shapes are remembered: a program that has ever new ones begins anew. */
const SHAPES_MAX = 512

/** How often a shape has come before code is generated for it. */
const OFTEN = 16

/** How many shapes with the same first name are looked through. */
const ALIKE_MAX = 8

/** The shapes of what has been written lately. */
export class WriterShapes {
  /** By the first of their names; the latest comes first. */
  #table = new Map<string | undefined, WriterShape[]>()
  #size = 0
  /** The shape of the last object. */
  last: WriterShape = new WriterShape([], new Uint8Array(0))

  /** Called when `shape` has come, and has no code yet. */
  met(shape: WriterShape): void {
    if (++shape.count === OFTEN) shape.write = generateWriter(shape)
  }

  /** The shape with these names; none where there are too many. */
  find(names: readonly string[]): WriterShape | undefined {
    if (names.length > NAMES_MAX) return undefined
    const alike = this.#table.get(names[0])
    if (alike) {
      for (let n = 0; n < alike.length; n++) {
        const shape = alike[n]!
        if (!same(shape.names, names)) continue
        if (n > 0) {
          alike[n] = alike[n - 1]!
          alike[n - 1] = shape
        }
        return this.#follow(shape)
      }
    }
    return this.#follow(this.#add(names))
  }

  #follow(shape: WriterShape): WriterShape {
    this.last.next = shape
    this.last = shape
    return shape
  }

  #add(names: readonly string[]): WriterShape {
    if (this.#size === SHAPES_MAX) {
      this.#table = new Map()
      this.#size = 0
      this.last = new WriterShape([], new Uint8Array(0))
    }
    const shape = new WriterShape(names, runOf(names))
    const alike = this.#table.get(names[0])
    this.#size++
    if (!alike) this.#table.set(names[0], [shape])
    else if (alike.length < ALIKE_MAX) alike.push(shape)
    else alike[ALIKE_MAX - 1] = shape
    return shape
  }
}

function same(one: readonly string[], other: readonly string[]): boolean {
  if (one.length !== other.length) return false
  for (let n = one.length - 1; n >= 0; n--) if (one[n] !== other[n]) return false
  return true
}

/** How many names, and for each twice its length, plus one where a unit takes two bytes, and its units. */
function runOf(names: readonly string[]): Uint8Array {
  const bytes: number[] = [names.length]
  for (const name of names) {
    const wide = /[^\0-\xff]/.test(name)
    let head = 2 * name.length + (wide ? 1 : 0)
    for (; head > 127; head = Math.floor(head / 128)) bytes.push((head % 128) | 128)
    bytes.push(head)
    for (let n = 0; n < name.length; n++) {
      const unit = name.charCodeAt(n)
      bytes.push(unit & 255)
      if (wide) bytes.push(unit >>> 8)
    }
  }
  return Uint8Array.from(bytes)
}

/** Whether an object's enumerable properties, inherited ones too, are those of `shape`, in its order. */
export function has(shape: WriterShape, object: object): boolean {
  const { names } = shape
  const { length } = names
  let n = 0
  for (const name in object) {
    if (n === length || name !== names[n]) return false
    n++
  }
  return n === length
}
