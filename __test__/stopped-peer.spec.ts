// A peer that is stopped, not dead: its senders are held back, its receivers may give up, and it goes on where it was.

import test from 'ava'
import { type Connection, wait } from 'carom'
import { endedWell, startChild, untilStopped } from './children.ts'
import { checkDescriptors } from './descriptors.ts'
import { pair } from './pairs.ts'
import { turns, watch } from './until.ts'
import { patterned } from './wire.ts'

checkDescriptors(test)

const KiB = 1024

/** Sends until the watermark holds it; the sends so far, and the one that waits. */
async function sendUntilHeld(near: Connection): Promise<{ sent: number; last: Promise<void> }> {
  for (let sent = 1; ; sent++) {
    const message = patterned(16 * KiB, sent - 1)
    message.writeUInt32BE(sent - 1)
    const last = near.sendBytes(message)
    await turns(2)
    if (near.bufferedAmount > 256 * KiB) return { sent, last }
  }
}

test('a stopped peer holds its sender; timeouts and aborts work; continued, it has everything, in order', async (t) => {
  const [near, far] = pair(t)
  const child = startChild(t, 'echo.ts', { ends: [far] })
  await near.sendBytes(Buffer.from('here'))
  t.is((await near.recvBytes()).toString(), 'here')
  child.process.kill('SIGSTOP')
  await untilStopped(child)

  const { sent, last } = await sendUntilHeld(near)
  const state = watch(last)
  t.true(near.bufferedAmount < 512 * KiB)
  const reason = new Error('given up')
  await t.throwsAsync(() => near.recvBytes(undefined, { signal: AbortSignal.abort(reason) }), { is: reason })
  t.false(await near.poll(20))
  t.deepEqual(await wait([near], { timeout: 20 }), [])
  const controller = new AbortController()
  const receiving = near.recvBytes(undefined, { signal: controller.signal })
  await turns()
  controller.abort(reason)
  await t.throwsAsync(receiving, { is: reason })
  t.false(state.settled)

  child.process.kill('SIGCONT')
  for (let n = 0; n < sent; n++) {
    const message = await near.recvBytes()
    const expected = patterned(16 * KiB, n)
    expected.writeUInt32BE(n)
    if (!expected.equals(message)) return t.fail(`message ${n} differs`)
  }
  await last
  await near.close()
  t.like(await child.ended, endedWell)
})
