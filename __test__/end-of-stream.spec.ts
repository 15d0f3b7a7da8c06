import test from 'ava'
import { EOFError, SystemError, type Connection } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { pair, pairWithRawEnd } from './pairs.ts'
import { frame, longHeader, patterned, writeAll } from './wire.ts'

checkDescriptors(test)

const eof = { instanceOf: EOFError, name: 'EOFError', code: 'ERR_CAROM_EOF' } as const
const reset = { instanceOf: SystemError, code: 'ECONNRESET' } as const

const twins: [string, (end: Connection) => Promise<Buffer>][] = [
  ['recvBytes', (end) => end.recvBytes()],
  ['recvBytesSync', async (end) => end.recvBytesSync()],
]

for (const [name, receive] of twins) {
  test(`${name} gives the messages sent before the peer closed, then EOFError for ever`, async (t) => {
    const [a, b] = pair(t)
    await a.sendBytes(Buffer.from('one'))
    await a.sendBytes(Buffer.from('two'))
    await a.close()
    t.is((await receive(b)).toString(), 'one')
    t.is((await receive(b)).toString(), 'two')
    for (let n = 0; n < 3; n++) await t.throwsAsync(() => receive(b), eof)
    t.like(b, { closed: false, readable: true })
  })

  // The whole frame is 4 + 5 bytes: the end may come at any place in it.
  for (let cut = 1; cut < 9; cut++) {
    test(`${name} takes an end after ${cut} of a frame’s 9 bytes for an error, not for the end`, async (t) => {
      const { connection, fd, closeRawEnd } = pairWithRawEnd(t)
      writeAll(fd, Buffer.concat([frame('whole'), frame('parts').subarray(0, cut)]))
      closeRawEnd()
      t.is((await receive(connection)).toString(), 'whole')
      await t.throwsAsync(() => receive(connection), { name: 'ProtocolError', code: 'ERR_CAROM_PROTOCOL' })
      await t.throwsAsync(() => receive(connection))
    })
  }

  for (const cut of [4, 5, 11, 12, 14]) {
    test(`${name} takes an end after ${cut} bytes of a frame in the 64-bit form for an error`, async (t) => {
      const { connection, fd, closeRawEnd } = pairWithRawEnd(t)
      writeAll(fd, Buffer.concat([longHeader(5n), Buffer.from('parts')]).subarray(0, cut))
      closeRawEnd()
      await t.throwsAsync(() => receive(connection), { name: 'ProtocolError', code: 'ERR_CAROM_PROTOCOL' })
    })
  }

  test(`${name} takes an end in the middle of a large message for an error`, async (t) => {
    const { connection, fd, closeRawEnd } = pairWithRawEnd(t)
    writeAll(fd, frame(patterned(1_000_000)).subarray(0, 100_000))
    closeRawEnd()
    await t.throwsAsync(() => receive(connection), { name: 'ProtocolError', code: 'ERR_CAROM_PROTOCOL' })
  })

  test(`${name} after the peer closed with our data unread: its messages, then one reset, then the end`, async (t) => {
    const { connection, fd, closeRawEnd } = pairWithRawEnd(t)
    await connection.sendBytes(Buffer.from('never read'))
    await connection.flush()
    writeAll(fd, Buffer.concat([frame('one'), frame('two')]))
    closeRawEnd()
    t.is((await receive(connection)).toString(), 'one')
    t.is((await receive(connection)).toString(), 'two')
    const error = await t.throwsAsync(() => receive(connection), reset)
    t.true((error as SystemError).errno < 0)
    t.is(typeof (error as SystemError).syscall, 'string')
    for (let n = 0; n < 3; n++) await t.throwsAsync(() => receive(connection), eof)
  })
}

test('a pending receive is woken by the end', async (t) => {
  const { connection, closeRawEnd } = pairWithRawEnd(t)
  const receiving = connection.recv()
  closeRawEnd()
  await t.throwsAsync(receiving, eof)
})

test('every pending receive gets its message or the end', async (t) => {
  const { connection, fd, closeRawEnd } = pairWithRawEnd(t)
  const receiving = [connection.recvBytes(), connection.recvBytes(), connection.recvBytes()]
  writeAll(fd, frame('one'))
  closeRawEnd()
  const outcomes = await Promise.allSettled(receiving)
  t.deepEqual(
    outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value.toString() : outcome.reason.code)),
    ['one', 'ERR_CAROM_EOF', 'ERR_CAROM_EOF'],
  )
})

test('a pending receive gets the messages first, then the reset, then the end', async (t) => {
  const { connection, fd, closeRawEnd } = pairWithRawEnd(t)
  await connection.sendBytes(Buffer.from('never read'))
  await connection.flush()
  const receiving = [1, 2, 3].map(() => connection.recvBytes())
  writeAll(fd, frame('one'))
  closeRawEnd()
  const outcomes = await Promise.allSettled(receiving)
  t.deepEqual(
    outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value.toString() : outcome.reason.code)),
    ['one', 'ECONNRESET', 'ERR_CAROM_EOF'],
  )
})

test('the end is the same for every kind of receive', async (t) => {
  const [a, b] = pair(t)
  await a.close()
  await t.throwsAsync(() => b.recv(), eof)
  await t.throwsAsync(() => b.recvBytes(), eof)
  await t.throwsAsync(() => b.recvBytesInto(Buffer.alloc(1)), eof)
  t.throws(() => b.recvSync(), eof)
  t.throws(() => b.recvBytesSync(), eof)
  t.throws(() => b.recvBytesIntoSync(Buffer.alloc(1)), eof)
  t.throws(() => b.tryRecv(), eof)
})

test('each end sees the other’s end although data lies unread on both sides', async (t) => {
  const [a, b] = pair(t)
  await a.send('to b')
  await b.send('to a')
  await Promise.all([a.flush(), b.flush()])
  await a.close()
  t.is(await b.recv(), 'to b')
  // Whether the kernel says that b’s message was lost is the kernel’s affair; that the end comes is ours.
  const first = await t.throwsAsync(() => b.recv())
  t.true(['ECONNRESET', 'ERR_CAROM_EOF'].includes((first as NodeJS.ErrnoException).code ?? ''))
  await t.throwsAsync(() => b.recv(), eof)
})

test('the end in one direction of a one-way pipe says nothing about the other pipe', async (t) => {
  const [a, b] = pair(t, { duplex: false })
  const [c, d] = pair(t, { duplex: false })
  await b.close()
  await t.throwsAsync(() => a.recv(), eof)
  await d.send('alive')
  t.is(await c.recv(), 'alive')
})
