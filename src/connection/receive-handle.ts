import { Descriptors } from '../api/options.js'
import { EOFError, ProtocolError } from '../api/errors.js'
import { onAbort } from '../event-loop/abort.js'
import { FOR_EVER } from '../event-loop/blocking.js'
import { environmentOf } from '../event-loop/environment.js'
import { END, NOTHING, systemError, TRUNCATED } from '../native/status.js'
import { assertNotOverRing } from './descriptor-sender.js'
import type { Endpoint } from './endpoint.js'

/** Receives a descriptor that the peer sends outside the framing, when it comes. */
export function receiveHandle(endpoint: Endpoint, signal: AbortSignal | undefined): Promise<number> {
  const { receiving } = endpoint
  return new Promise((resolve, reject) => {
    assertNothingHeld(endpoint)
    signal?.throwIfAborted()
    const end = (): void => {
      receiving.unsubscribe(look)
      forget?.()
    }
    const look = (): void => {
      try {
        const fd = take(endpoint, 0)
        if (fd === undefined) return
        end()
        resolve(fd)
      } catch (error) {
        end()
        reject(error)
      }
    }
    const forget =
      signal &&
      onAbort(signal, () => {
        end()
        reject(signal.reason)
      })
    environmentOf().sends.flush()
    receiving.arm()
    receiving.subscribe(look)
    look()
  })
}

/** As `receiveHandle`, blocking. */
export function receiveHandleSync(endpoint: Endpoint): number {
  assertNothingHeld(endpoint)
  environmentOf().sends.flush()
  for (;;) {
    const fd = take(endpoint, FOR_EVER.slice())
    if (fd !== undefined) return fd
  }
}

function assertNothingHeld({ receiving, settings }: Endpoint): void {
  receiving.assertReadable()
  if (settings.descriptors === Descriptors.None) {
    throw new TypeError('this connection takes no handles: it was made with descriptors: false')
  }
  assertNotOverRing(settings.ringSize > 0)
  receiving.assertIdle('a handle comes outside of messages')
  receiving.assertNothingHeld('a handle is received')
}

function take({ id, receiving }: Endpoint, timeout: number): number | undefined {
  receiving.assertReadable()
  const fd = environmentOf().native.receiveHandle(id, timeout)
  if (fd >= 0) return fd
  if (fd === NOTHING) return undefined
  if (fd === END) throw new EOFError()
  if (fd === TRUNCATED) throw new ProtocolError('a byte came without a descriptor: the peer did not send a handle')
  throw systemError(fd, 'recvmsg')
}
