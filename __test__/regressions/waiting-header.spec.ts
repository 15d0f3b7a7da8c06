import test from 'ava'
import { checkDescriptors } from '../descriptors.ts'
import { pair } from '../pairs.ts'
import { patterned } from '../wire.ts'

checkDescriptors(test)

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
