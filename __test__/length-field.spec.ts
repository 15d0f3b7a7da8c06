import test from 'ava'
import { MessageTooLongError, ProtocolError, type Connection } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { pairWithRawEnd } from './pairs.ts'
import { turns } from './until.ts'
import { frame, header, longHeader, writeAll } from './wire.ts'

checkDescriptors(test)

const MiB = 1024 * 1024

const twins: [string, (end: Connection) => Promise<Buffer>][] = [
  ['recvBytes', (end) => end.recvBytes()],
  ['recvBytesSync', async (end) => end.recvBytesSync()],
]

for (const [name, receive] of twins) {
  for (const length of [-2, -3, -1000, -0x80000000]) {
    test(`${name} refuses the length ${length} after the messages before it`, async (t) => {
      const { connection, fd } = pairWithRawEnd(t)
      writeAll(fd, Buffer.concat([frame('fine'), header(length), Buffer.from('whatever follows')]))
      t.is((await receive(connection)).toString(), 'fine')
      await t.throwsAsync(() => receive(connection), { instanceOf: ProtocolError, code: 'ERR_CAROM_PROTOCOL' })
      await t.throwsAsync(() => receive(connection))
    })
  }

  test(`${name} takes the 64-bit form, also where the short one would do`, async (t) => {
    const { connection, fd } = pairWithRawEnd(t)
    const bodies = ['', 'x', 'hello'.repeat(1000)].map((text) => Buffer.from(text))
    for (const body of bodies) writeAll(fd, Buffer.concat([longHeader(BigInt(body.length)), body]))
    writeAll(fd, frame('short again'))
    for (const body of bodies) t.deepEqual(await receive(connection), body)
    t.is((await receive(connection)).toString(), 'short again')
  })

  for (const length of [2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]) {
    test(`${name} refuses a claim of ${length} bytes at once, without waiting for them`, async (t) => {
      const { connection, fd } = pairWithRawEnd(t)
      writeAll(fd, longHeader(length))
      await t.throwsAsync(() => receive(connection), { instanceOf: MessageTooLongError })
    })
  }
}

test('the 64-bit form may be cut anywhere', async (t) => {
  const bytes = Buffer.concat([longHeader(5n), Buffer.from('hello'), frame('next')])
  for (let cut = 1; cut < bytes.length; cut++) {
    const { connection, fd } = pairWithRawEnd(t)
    writeAll(fd, bytes.subarray(0, cut))
    const first = connection.recvBytes()
    await turns(2)
    writeAll(fd, bytes.subarray(cut))
    t.is((await first).toString(), 'hello')
    t.is((await connection.recvBytes()).toString(), 'next')
  }
})

test.serial('a declared length is a claim: memory grows with the bytes that arrive, not with it', async (t) => {
  const before = process.memoryUsage()
  const connections = []
  for (let n = 0; n < 20; n++) {
    const { connection, fd, closeRawEnd } = pairWithRawEnd(t)
    writeAll(fd, Buffer.concat([header(0x7fffffff), Buffer.from('only this much')]))
    connections.push({ receiving: connection.recvBytes(), closeRawEnd })
  }
  await turns()
  const after = process.memoryUsage()
  t.true(after.rss - before.rss < 256 * MiB, 'resident memory')
  t.true(after.arrayBuffers - before.arrayBuffers < 256 * MiB, 'memory of buffers')
  for (const { receiving, closeRawEnd } of connections) {
    closeRawEnd()
    await t.throwsAsync(receiving, { instanceOf: ProtocolError })
  }
})
