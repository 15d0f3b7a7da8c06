import test from 'ava'
import type { Connection } from 'carom'
import { startChild } from './children.ts'
import { checkDescriptors } from './descriptors.ts'
import { pair } from './pairs.ts'
import { turns, until, watch } from './until.ts'
import { patterned } from './wire.ts'

checkDescriptors(test)

const KiB = 1024
const MiB = 1024 * KiB

/** Sends until more than the watermark stays unsent, and then once more; gives the number of sends and the last one. */
async function fill(end: Connection, message: Uint8Array, highWaterMark: number): Promise<[number, Promise<void>]> {
  for (let count = 1; count <= 10_000; count++) {
    void end.sendBytes(message)
    await turns(1)
    if (end.bufferedAmount > highWaterMark) return [count + 1, end.sendBytes(message)]
  }
  throw new Error('the sender was never stopped')
}

for (const highWaterMark of [16 * KiB, 256 * KiB, 2 * MiB]) {
  test.serial(
    `a receiver that does not read stops the sender at a watermark of ${highWaterMark / KiB} KiB`,
    async (t) => {
      const [a, b] = pair(t, { highWaterMark })
      const message = patterned(4 * KiB)
      const [count, last] = await fill(a, message, highWaterMark)
      const state = watch(last)
      await turns()
      t.false(state.settled, 'the send over the watermark waits')
      t.true(a.bufferedAmount <= highWaterMark + 3 * (message.length + 4))
      t.true(count * message.length <= highWaterMark + 8 * MiB, 'the kernel and the receiver hold a bounded rest')

      for (let n = 0; n < count; n++) t.true(message.equals(await b.recvBytes()))
      await last
      await a.flush()
      t.is(a.bufferedAmount, 0)
    },
  )
}

test('bufferedAmount is 0 at rest, counts what was accepted, and is 0 after flush', async (t) => {
  const [a, b] = pair(t)
  t.is(a.bufferedAmount, 0)
  const sending = a.sendBytes(patterned(4 * MiB))
  t.true(a.bufferedAmount > 3 * MiB)
  const receiving = b.recvBytes()
  await Promise.all([sending, a.flush()])
  t.is(a.bufferedAmount, 0)
  await receiving
})

test('sends under the watermark do not wait for the receiver', async (t) => {
  const [a, b] = pair(t, { highWaterMark: 64 * MiB })
  const message = patterned(1 * MiB)
  for (let n = 0; n < 32; n++) await a.sendBytes(message)
  t.true(a.bufferedAmount > 16 * MiB)
  for (let n = 0; n < 32; n++) t.true(message.equals(await b.recvBytes()))
})

test('a message larger than the watermark passes', async (t) => {
  const [a, b] = pair(t, { highWaterMark: 1 })
  const message = patterned(3 * MiB)
  const sending = a.sendBytes(message)
  t.true(message.equals(await b.recvBytes()))
  await sending
})

test.serial(
  'a sender that awaits its sends stays small, however slow the receiver is, and so does the receiver',
  async (t) => {
    const [size, count] = [64 * KiB, 4096]
    const [data, childData] = pair(t)
    const [control, childControl] = pair(t)
    const child = startChild(t, 'flood.ts', { ends: [childData, childControl], args: [String(size), String(count)] })
    interface Report {
      accepted: number
      bufferedAmount: number
      grownBy: number
    }
    const report = async (): Promise<Report> => {
      await control.send('report')
      return (await control.recv()) as Report
    }

    const message = patterned(size)
    t.true(message.equals(await data.recvBytes()))
    const receiverBefore = process.memoryUsage().rss

    let blocked = await report()
    await until(
      async () => (blocked = await report()).bufferedAmount > 256 * KiB,
      () => `the sender is not stopped: ${JSON.stringify(blocked)}`,
    )
    t.true(blocked.accepted * size <= 8 * MiB, `it was stopped after ${blocked.accepted} messages`)
    t.true(blocked.grownBy <= 32 * MiB, `the blocked sender grew by ${blocked.grownBy} bytes`)
    t.true(process.memoryUsage().rss - receiverBefore <= 32 * MiB, 'the receiver that does not read does not grow')

    for (let n = 1; n < count; n++) {
      if (!message.equals(await data.recvBytes())) return t.fail(`message ${n} differs`)
    }
    const final = await report()
    t.is(final.accepted, count)
    t.true(final.grownBy <= 96 * MiB, `the sender of ${(size * count) / MiB} MiB grew by ${final.grownBy} bytes`)
    t.true(process.memoryUsage().rss - receiverBefore <= 128 * MiB, 'the receiver does not grow with what passes')
    await control.send('end')
    t.like(await child.ended, { code: 0, signal: null, stderr: '' })
  },
)
