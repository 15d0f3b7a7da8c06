import type { Coder } from '../codec.js'
import type { Memory } from '../../connection/memory.js'
import { readPickle } from './reader.js'
import { Writer } from './writer.js'

/** Pickles of plain data, for a Python peer. */
class Pickle implements Coder {
  bytes: Uint8Array = new Uint8Array(0)
  readonly start = 0
  end = 0
  readonly #writer = new Writer()
  #writing = false

  encode(value: unknown): void {
    // A getter of the value may send something itself.
    const writer = this.#writing ? new Writer() : this.#writer
    const outermost = !this.#writing
    this.#writing = true
    try {
      writer.pickle(value)
    } finally {
      if (outermost) this.#writing = false
    }
    this.bytes = writer.bytes
    this.end = writer.size
  }

  decode({ bytes }: Memory, start: number, end: number): unknown {
    return readPickle(bytes, start, end)
  }
}

export function createPickle(): Coder {
  return new Pickle()
}
