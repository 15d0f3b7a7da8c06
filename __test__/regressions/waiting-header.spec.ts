import test, { type ExecutionContext } from 'ava'
import { checkDescriptors } from '../descriptors.ts'
import { pair } from '../pairs.ts'
import { patterned } from '../wire.ts'

checkDescriptors(test)

/** How many messages of 16 KiB the kernel takes until it has no room, from a connection whose peer doesn't read. */
function room(t: ExecutionContext): number {
  const [a] = pair(t)
  let count = 0
  for (; a.bufferedAmount === 0; count++) a.sendBytes(Buffer.alloc(16 * 1024)).catch(() => {})
  return count - 1
}

// A small message that left at once, and that the kernel had no room for, was kept in the encoder's memory.
test('a small value that waits for room is not overwritten by another one', async (t) => {
  const [a, b] = pair(t, { highWaterMark: 1 })
  const [c, d] = pair(t)
  const count = room(t)
  for (let n = 0; n < count; n++) await a.sendBytes(patterned(16 * 1024, n))
  t.is(a.bufferedAmount, 0)
  const sending = [a.send({ first: 'one' }), c.send({ other: ['value', 2] })]
  t.true(a.bufferedAmount > 0)
  for (let n = 0; n < count; n++) t.true(patterned(16 * 1024, n).equals(await b.recvBytes()))
  t.deepEqual(await b.recv(), { first: 'one' })
  t.deepEqual(await d.recv(), { other: ['value', 2] })
  await Promise.all(sending)
})

// The header of a message that the kernel had no room for was kept in the memory that all messages' headers are made in.
test('a header that waits for room is not overwritten by that of another message', async (t) => {
  const [a, b] = pair(t)
  const [c, d] = pair(t)
  const sent: Buffer[] = []
  const sending: Promise<void>[] = []
  while (a.bufferedAmount === 0) {
    const message = patterned(16 * 1024 + sent.length, sent.length)
    sending.push(a.sendBytes(message))
    sent.push(message)
  }
  const other = patterned(50_000)
  sending.push(c.sendBytes(other))
  for (const [n, message] of sent.entries()) t.true(message.equals(await b.recvBytes()), `message ${n}`)
  t.true(other.equals(await d.recvBytes()))
  await Promise.all(sending)
})
