import assert from 'node:assert/strict'

import type { Connection } from 'carom'

import { END, type Job, NumberedMessages, type Report } from './messages.ts'
import { type Done, Progress } from './progress.ts'

/** Sends raw messages for some seconds; the child receives them with blocking calls and checks each. */
export async function sendMany(connection: Connection<Report, Job>, size: number, seconds: number): Promise<Done> {
  const numbered = new NumberedMessages(size)
  const progress = new Progress(`${label(size)} messages, async to sync`)
  const batch = batchOf(size)
  await connection.send({ job: 'receive', size })
  let messages = 0
  while (progress.seconds < seconds) {
    for (let i = 0; i < batch; i++) await connection.sendBytes(numbered.get(messages++))
    progress.add(batch, batch * size)
  }
  await connection.sendBytes(END)
  const total = await connection.recv()
  assert.deepEqual(
    total,
    { report: 'total', messages, bytes: messages * size, wrong: 0 },
    'the child received otherwise',
  )
  return progress.done('each checked')
}

/** Has the child send for some seconds, with blocking calls; receives by iteration and checks each. */
export async function receiveMany(connection: Connection<Report, Job>, size: number, seconds: number): Promise<Done> {
  const expected = new NumberedMessages(size)
  const progress = new Progress(`${label(size)} messages, sync to async`)
  const batch = batchOf(size)
  await connection.send({ job: 'send', size, seconds })
  let messages = 0
  // Leaving the loop leaves the connection open.
  for await (const message of connection.bytes()) {
    if (message.length === 0) break
    assert.ok(expected.matches(messages, message), `message ${messages} is not the one that was sent`)
    messages += 1
    if (messages % batch === 0) progress.add(batch, batch * size)
  }
  progress.add(messages % batch, (messages % batch) * size)
  const total = await connection.recv()
  assert.deepEqual(total, { report: 'total', messages, bytes: messages * size, wrong: 0 }, 'the child sent otherwise')
  return progress.done('each checked')
}

/** Looking at the clock costs as much as sending a small message: it is done once in so many. */
function batchOf(size: number): number {
  return Math.max(1, Math.floor(65_536 / size))
}

function label(size: number): string {
  return size < 1024 * 1024 ? `${size} B` : `${size / 1024 / 1024} MiB`
}
