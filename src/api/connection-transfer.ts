import { isKnownBy } from '../codecs/codec.js'
import type { Endpoint } from '../connection/endpoint.js'
import type { Traits } from '../connection/traits.js'
import * as check from './arguments.js'
import { type ConnectionOptions, type Directions, directions, optionsOf } from './options.js'
import type { TransportOptions } from './transport.js'

/** The description of a connection that goes to another process. */
export type Described = (Directions & TransportOptions) | ForChild

/** The same, for a process that this one starts. */
export interface ForChild {
  traits: Required<Omit<Traits, 'resumes'>>
  options: ConnectionOptions
}

/** A message carries only the directions and the transport: the receiver chooses everything else. */
export function describe({ settings: own, traits }: Endpoint, carrier: string | undefined): Described {
  const { readable, writable } = traits
  const shared = own.ringSize > 0
  if (carrier === 'pickle' && shared) {
    throw new TypeError("Python knows no transport: 'shared-memory': make the connection without it")
  }
  // To a Python process, which makes a connection of its own: what pickles mean here doesn't matter there.
  if (carrier === 'pickle' && own.coder.name === carrier) return { readable, writable }
  if (!isKnownBy(own.codec, own.coder)) {
    throw new TypeError(
      'a connection with a codec of your own, or of pickle(), can only be handed over by detach() and fromFd()',
    )
  }
  if (carrier === undefined) return { traits, options: optionsOf(own) }
  if (own.codec !== carrier) {
    throw new TypeError(
      `a connection with the codec '${own.codec}' can't go by one with the codec '${carrier}', since it would arrive with that one: make both with the same codec, or send a Handle of its detach()`,
    )
  }
  if (traits.legacy) {
    throw new TypeError(
      "a connection to billiard or to a Python before 3.12 can't go in a message, since its receiver would not know the limit on the size of its messages: send a Handle of its detach()",
    )
  }
  return { readable, writable, ...(shared && { transport: 'shared-memory' }) }
}

/** The peer's description of the connection that it sends. */
export function directionsOf(described: unknown): Directions {
  if (typeof described !== 'object' || described === null) {
    throw check.invalidType('the description of a connection in a message', 'an object', described)
  }
  return directions(described)
}
