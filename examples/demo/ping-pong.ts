import assert from 'node:assert/strict'

import type { Connection } from 'carom'

import { END, type Job, NumberedMessages, type Report } from './messages.ts'
import { type Done, Progress } from './progress.ts'

/** Messages of 64 bytes there and back, one at a time, with blocking calls on both sides. */
export function pingPong(connection: Connection<Report, Job>, seconds: number): Done {
  const numbered = new NumberedMessages(64)
  const progress = new Progress('64 B there and back, sync to sync')
  connection.sendSync({ job: 'echo' })
  const times: number[] = []
  while (progress.seconds < seconds) {
    const index = times.length
    const start = performance.now()
    connection.sendBytesSync(numbered.get(index))
    const message = connection.recvBytesSync()
    times.push(performance.now() - start)
    assert.ok(numbered.matches(index, message), `message ${index} came back changed`)
    progress.add(2, 128)
  }
  connection.sendBytesSync(END)
  const median = times.toSorted((a, b) => a - b)[times.length >> 1] ?? Number.NaN
  return progress.done(`median round trip ${(median * 1000).toFixed(1)} µs`)
}
