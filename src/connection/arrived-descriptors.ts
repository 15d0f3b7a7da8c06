import type { Environment } from '../event-loop/environment.js'
import { closeAside } from '../native/numbers.js'
import { Arrived } from '../wire/arrived.js'
import { descriptorsOf } from '../wire/descriptor-mark.js'
import type { Chunk } from './inbox.js'
import type { Take } from './receive.js'

/** The descriptors that arrive on a connection, each with its message. */
export class ArrivedDescriptors {
  readonly #environment: Environment
  readonly #id: number
  readonly #carrier: object

  /** `carrier` has the connection's settings. */
  constructor(environment: Environment, id: number, carrier: object) {
    this.#environment = environment
    this.#id = id
    this.#carrier = carrier
  }

  /** Takes message `number` of the stream, and the descriptors that came with it. Unused descriptors are closed. */
  take(take: Take, number: number, chunk: Chunk, start: number, end: number): unknown {
    const count = descriptorsOf(chunk.bytes, start, end)
    const descriptors = this.#environment.native.takeDescriptors(this.#id, number, count)
    if (descriptors.length === 0) return take(chunk, start, end)
    const arrived = Arrived.withMessage(descriptors, closeAside, this.#carrier)
    let decoded = false
    try {
      const value = take(chunk, start, end, arrived)
      decoded = true
      return value
    } finally {
      arrived.finish(decoded)
    }
  }
}
