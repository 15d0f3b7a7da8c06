import { NAMES_MAX } from './format.js'
import { generateWriter } from './generated-writer.js'
import { isIndexLike } from './indexes.js'
import { WriterShape } from './writer-shape.js'

/** How many shape prefixes are remembered; when a program exceeds this, all are forgotten. */
const NODES_MAX = 4096

/** How many objects of a shape must be written before code is generated for it. */
const OFTEN = 16

/** The longest name that is remembered, in UTF-16 units. */
const NAME_MAX = 1024

/** The names with which objects begin, as a tree: each node stands for the names on the way to it. */
class Node {
  readonly name: string
  shape: WriterShape | undefined
  /** The child that was visited last. */
  last: Node | undefined
  /** All children, once there are several. */
  children: Map<string, Node> | undefined

  constructor(name: string) {
    this.name = name
  }
}

/** The shapes of what has been written lately. */
export class WriterShapes {
  #root = new Node('')
  #nodes = 0
  /** The shape of the last object. */
  last: WriterShape = new WriterShape([])

  /** Called when `shape` has come, and has no code yet. */
  met(shape: WriterShape): void {
    if (++shape.count === OFTEN && !isIndexLike(shape.names[0]!)) shape.write = generateWriter(shape)
  }

  /** The shape with these names; none where there are too many, or too long ones. */
  find(names: readonly string[]): WriterShape | undefined {
    const { length } = names
    if (length > NAMES_MAX) return undefined
    if (this.#nodes > NODES_MAX) this.#reset()
    let node = this.#root
    for (let n = 0; n < length; n++) {
      const name = names[n]!
      const { last } = node
      if (last !== undefined && last.name === name) node = last
      else {
        const child = this.#child(node, name)
        if (child === undefined) return undefined
        node = child
      }
    }
    const shape = (node.shape ??= new WriterShape(names))
    this.last.next = shape
    this.last = shape
    return shape
  }

  #child(node: Node, name: string): Node | undefined {
    let child = node.children?.get(name)
    if (child === undefined) {
      if (name.length > NAME_MAX) return undefined
      this.#nodes++
      child = new Node(name)
      if (node.last !== undefined) {
        node.children ??= new Map([[node.last.name, node.last]])
        node.children.set(name, child)
      }
    }
    node.last = child
    return child
  }

  #reset(): void {
    this.#root = new Node('')
    this.#nodes = 0
    this.last = new WriterShape([])
  }
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
