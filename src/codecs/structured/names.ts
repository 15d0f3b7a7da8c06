import type { Output } from './output.js'
import type { WriterShape } from './writer-shape.js'

/** A shape's encoded names are kept from its second use on: most shapes occur either once or often. */
export function writeNames(output: Output, shape: WriterShape): void {
  const { names } = shape
  let size = 1
  const heads: number[] = []
  for (const name of names) {
    const wide = isWide(name) ? 1 : 0
    const head = 2 * name.length + wide
    heads.push(head)
    size += (head > 127 ? 2 : 1) + (name.length << wide)
  }
  output.reserve(size + 10)
  output.count(size)
  const { bytes, at } = output
  let to = at
  bytes[to++] = names.length
  for (let n = 0; n < names.length; n++) {
    const name = names[n]!
    const head = heads[n]!
    if (head > 127) {
      bytes[to++] = (head & 127) | 128
      bytes[to++] = head >>> 7
    } else bytes[to++] = head
    for (let i = 0; i < name.length; i++) {
      const unit = name.charCodeAt(i)
      bytes[to++] = unit
      if (head & 1) bytes[to++] = unit >>> 8
    }
  }
  output.at = to
  if (shape.written) {
    const words = Int32Array.from({ length: (size + 3) >>> 2 }, (_, n) => output.view.getInt32(at + 4 * n, true))
    shape.run = { size, words }
  } else shape.written = true
  output.reserve(0)
}

function isWide(name: string): boolean {
  for (let i = 0; i < name.length; i++) if (name.charCodeAt(i) > 255) return true
  return false
}
