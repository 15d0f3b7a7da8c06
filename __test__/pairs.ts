// Pipes that are closed when their test ends, however it ends.

import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { Connection, pipe, waitSync } from 'carom'
import { TRANSPORT } from './transport.ts'
import { until } from './until.ts'

export type PipeOptions = NonNullable<Parameters<typeof pipe>[0]>

/** A pipe whose ends are closed at the end of the test, by the transport that the suite runs over unless `options` has one. */
export function pair(t: ExecutionContext, options: PipeOptions = {}): [Connection, Connection] {
  const ends = pipe({ ...TRANSPORT, ...options })
  for (const end of ends) closeAfter(t, end)
  return ends
}

/** Closes a connection when the test ends, without waiting for a peer that no longer reads. */
export function closeAfter(t: ExecutionContext, connection: Connection): void {
  t.teardown(() => {
    void connection.close()
  })
}

/** Resolves when `connection`, which waits for more, has read all that the kernel had for it. */
export function untilRead(connection: Connection): Promise<void> {
  const { fd } = connection
  return until(() => waitSync([fd], { timeout: 0 }).length === 0, 'what has arrived is not read')
}

/** A pipe of which one end is a connection and the other a bare, blocking descriptor, closed with the test. */
export function pairWithRawEnd(
  t: ExecutionContext,
  options: PipeOptions = {},
): { connection: Connection; fd: number; closeRawEnd: () => void } {
  const [connection, other] = pair(t, { ...options, transport: 'socket' })
  const fd = other.detach()
  let open = true
  const closeRawEnd = (): void => {
    if (open) closeSync(fd)
    open = false
  }
  t.teardown(closeRawEnd)
  return { connection, fd, closeRawEnd }
}

/** The ends of a FIFO: one that only receives, and one that only sends. */
export function fifo(t: ExecutionContext): { receiver: Connection; sender: Connection } {
  const folder = mkdtempSync(join(tmpdir(), 'carom-fifo-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'fifo')
  execFileSync('mkfifo', [path])
  const receiver = Connection.fromFd(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK))
  closeAfter(t, receiver)
  const sender = Connection.fromFd(openSync(path, 'w'))
  closeAfter(t, sender)
  return { receiver, sender }
}
