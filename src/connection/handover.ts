import { BusyError } from '../api/errors.js'
import type { TransferredMemory } from '../wire/transferable.js'
import type { ReceivePath } from './receive-path.js'
import type { SendPath } from './send-path.js'

/** A connection whose descriptor is about to have another owner. */
export interface HandedOver {
  readonly receiving: ReceivePath
  readonly sending: SendPath
  /** Whether messages have begun to cross shared memory. */
  readonly isMapped: boolean
  /** That memory and this end's part in it, unless a message has come in part. */
  readonly ringParts: { memory: number; second: boolean } | undefined
  assertOpen(): void
}

/** Throws if a call is pending on the connection, or if it holds bytes that the descriptor's next owner would miss. */
export function assertDetachable(connection: HandedOver): void {
  assertUnmapped(connection)
  assertTransferable(connection)
}

/** Like `assertDetachable`, for a connection whose shared memory is sent with it. */
export function assertTransferable(connection: HandedOver): void {
  const { receiving, sending } = connection
  connection.assertOpen()
  receiving.assertIdle('the connection would be gone')
  sending.push()
  if (sending.unsent > 0) {
    throw new BusyError(
      `${sending.unsent} bytes are unsent: await flush() before the connection is detached or handed over`,
    )
  }
  receiving.assertDetachable()
}

/** Throws if messages have begun to cross shared memory, which the descriptor's next owner would know nothing about. */
export function assertUnmapped(connection: HandedOver): void {
  if (!connection.isMapped) return
  throw new BusyError(
    "its shared memory is in use, and the descriptor alone is not the connection: with transport: 'shared-memory', detach an end before it first sends, receives, polls or waits (the end of connect() is in use from the start), or send it in a message over shared memory, or to a Process",
  )
}

/** The shared memory to send with the connection, if messages have begun to cross it. */
export function transferredMemory(connection: HandedOver): TransferredMemory | undefined {
  if (!connection.isMapped) return undefined
  assertTransferable(connection)
  const parts = connection.ringParts
  if (!parts) throw new BusyError('a message has come in part: receive it before the connection is handed over')
  return { fd: parts.memory, second: parts.second }
}
