import type * as Entry from '../shared-memory.js'
import { segmentBrand } from './segment-brand.js'

/** Shared memory, as messages name it. */
export interface NamedSegment {
  readonly name: string
  readonly size: number
}

export function isSegment(value: object): value is NamedSegment {
  return (value as { [segmentBrand]?: unknown })[segmentBrand] === true
}

/** The object that arrives where a peer names shared memory: it is closed. Throws where no segment can have that name. */
export function arrivedSegment(name: string): object {
  return (require('../shared-memory.js') as typeof Entry).SharedMemory.named(name)
}
