import { isNonblocking } from '../native/binding.js'
import type { Authentication, AuthenticationOptions } from './authentication.js'
import type { ListenerOptions } from './listener-options.js'
import type { ConnectionOptions } from './options.js'

/** The description of a listener that goes to another process: only the transport in a message. */
export type Described = Omit<ListenerOptions, 'authkey'> & { key?: string | undefined }

/** A listener as it is described. */
export interface Describable {
  fd: number
  options: ConnectionOptions & AuthenticationOptions
  authentication: Authentication | undefined
}

/** A message carries only the descriptor and the transport: the receiver chooses everything else. */
export function describe({ fd, options, authentication }: Describable, carrier: string | undefined): Described {
  const { authkey: _, codec = 'structured', ...rest } = options
  const key = authentication?.key
  if (typeof codec === 'object') {
    throw new TypeError('a listener with a codec of your own can only be handed over by its descriptor and fromFd()')
  }
  if (carrier === undefined) return { ...rest, codec, key: key && Buffer.from(key).toString('base64') }
  if (key !== undefined) {
    throw new TypeError(
      "a listener with an authkey can't go in a message, since its key would go along: send a Handle of its fd, and have the receiver call Listener.fromFd() with the key",
    )
  }
  if (codec !== carrier) {
    throw new TypeError(
      `a listener with the codec '${codec}' can't go by a connection with the codec '${carrier}', since it would arrive with that one: make both with the same codec, or send a Handle of its fd`,
    )
  }
  if (!isNonblocking(fd)) {
    throw new TypeError(
      "a listener whose socket is in blocking mode can't go in a message, since it would block its receiver: send a Handle of its fd",
    )
  }
  return rest.transport === 'shared-memory' ? { transport: rest.transport } : {}
}
