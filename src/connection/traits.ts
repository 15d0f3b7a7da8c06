import type { Directions } from '../api/options.js'
import type { ArrivedMemory } from '../wire/arrived.js'

/** How bytes reach the peer. */
export type Transport = 'socket' | 'named-pipe' | 'shared-memory'

/** The traits of a connection, beyond its options. */
export interface Traits extends Directions {
  /** A call that would have to wait fails. */
  nonblocking?: boolean
  /** The peer may not know the longer form of a header. */
  legacy?: boolean
  /** The peer connected to a listener, so it may be any program. */
  accepted?: boolean
  /** The shared memory of the end that was sent here, whose messages continue in it. */
  resumes?: ArrivedMemory | undefined
  /** It offers shared memory to the peer, where it has some; if not, it expects the peer's offer. */
  offers?: boolean
}
