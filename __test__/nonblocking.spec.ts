import { closeSync } from 'node:fs'
import test from 'ava'
import { WouldBlockError } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { pair } from './pairs.ts'
import { turns } from './until.ts'
import { frame, patterned, readFrame, writeAll } from './wire.ts'

checkDescriptors(test)

// All connections share what a turn of the event loop reads and sends: each test has turns of its own.
test.beforeEach(() => turns(1))

const wouldBlock = { instanceOf: WouldBlockError, name: 'WouldBlockError', code: 'EAGAIN' } as const

for (const [option, index] of [
  ['rnonblock', 0],
  ['wnonblock', 1],
] as const) {
  const name = index === 0 ? 'first' : 'second'

  test.serial(`${option}: receives on the ${name} end fail at once when nothing is there`, async (t) => {
    const ends = pair(t, { [option]: true })
    const end = ends[index]
    t.throws(() => end.recvSync(), wouldBlock)
    t.throws(() => end.recvBytesSync(), wouldBlock)
    t.throws(() => end.recvBytesIntoSync(Buffer.alloc(1)), wouldBlock)
    await t.throwsAsync(() => end.recv(), wouldBlock)
    await t.throwsAsync(() => end.recvBytes(), wouldBlock)
    await t.throwsAsync(() => end.recvBytesInto(Buffer.alloc(1)), wouldBlock)
    t.is(end.tryRecv(), undefined)
  })

  test.serial(`${option}: messages that are there are received on the ${name} end`, async (t) => {
    const ends = pair(t, { [option]: true })
    const [end, other] = [ends[index], ends[1 - index]!]
    other.sendSync('one')
    other.sendSync('two')
    t.is(end.recvSync(), 'one')
    t.is(await end.recv(), 'two')
    t.throws(() => end.recvSync(), wouldBlock)
  })

  test.serial(`${option}: the other end waits as ever`, async (t) => {
    const ends = pair(t, { [option]: true })
    const [end, other] = [ends[index], ends[1 - index]!]
    const receiving = other.recv()
    await turns(2)
    end.sendSync('message')
    t.is(await receiving, 'message')
  })

  test.serial(
    `${option}: sendSync on the ${name} end fails when the kernel takes no more; what was accepted arrives whole`,
    async (t) => {
      const ends = pair(t, { [option]: true })
      const [end, other] = [ends[index], ends[1 - index]!]
      let accepted = 0
      t.throws(() => {
        for (; accepted < 100_000; accepted++) end.sendBytesSync(patterned(10_000, accepted))
      }, wouldBlock)
      t.true(accepted > 0)
      for (let n = 0; n < accepted; n++) t.true((await other.recvBytes()).equals(patterned(10_000, n)), `message ${n}`)
      await turns()
      t.is(other.tryRecvBytes(), undefined, 'of the refused message nothing was sent')
      end.sendSync('goes on')
      t.is(await other.recv(), 'goes on')
    },
  )

  test.serial(
    `${option}: send on the ${name} end rejects when it would have to wait; what was accepted arrives whole`,
    async (t) => {
      const ends = pair(t, { [option]: true, highWaterMark: 64 * 1024 })
      const [end, other] = [ends[index], ends[1 - index]!]
      let accepted = 0
      await t.throwsAsync(async () => {
        for (; accepted < 100_000; accepted++) await end.sendBytes(patterned(10_000, accepted))
      }, wouldBlock)
      t.true(accepted > 0)
      for (let n = 0; n < accepted; n++) t.true((await other.recvBytes()).equals(patterned(10_000, n)), `message ${n}`)
      await turns()
      t.is(other.tryRecvBytes(), undefined)
      await end.send('goes on')
      t.is(await other.recv(), 'goes on')
    },
  )
}

test.serial('a message of which a part has come would have to be waited for; no byte of it is lost', async (t) => {
  const [end, other] = pair(t, { rnonblock: true, transport: 'socket' })
  const fd = other.detach()
  t.teardown(() => closeSync(fd))
  const bytes = frame('message')
  for (let cut = 1; cut < bytes.length; cut++) {
    writeAll(fd, bytes.subarray(0, cut))
    if (cut % 2 === 0) t.throws(() => end.recvBytesSync(), wouldBlock)
    else await t.throwsAsync(() => end.recvBytes(), wouldBlock)
    writeAll(fd, bytes.subarray(cut))
    t.is((cut % 3 === 0 ? end.recvBytesSync() : await end.recvBytes()).toString(), 'message')
  }
})

test.serial(
  'a large send of which the kernel took the first part is accepted, and the rest follows by itself',
  async (t) => {
    const [end, other] = pair(t, { rnonblock: true })
    const message = patterned(3 * 1024 * 1024)
    end.sendBytesSync(message)
    t.true(message.equals(await other.recvBytes()))
    await end.flush()
    t.is(end.bufferedAmount, 0)
  },
)

test.serial('poll waits on a non-blocking end as on any other', async (t) => {
  const [end, other] = pair(t, { rnonblock: true })
  t.false(await end.poll())
  const polling = end.poll(Infinity)
  await turns(2)
  await other.send('message')
  t.true(await polling)
  t.is(end.recvSync(), 'message')
})

test.serial('the end of the stream is the end, not something to wait for', async (t) => {
  const [end, other] = pair(t, { rnonblock: true })
  await other.send('last')
  await other.close()
  t.is(await end.recv(), 'last')
  t.throws(() => end.recvSync(), { code: 'ERR_CAROM_EOF' })
  await t.throwsAsync(() => end.recv(), { code: 'ERR_CAROM_EOF' })
})

test.serial('a frame sent on a non-blocking end is a frame as any other', (t) => {
  const [end, other] = pair(t, { rnonblock: true, transport: 'socket' })
  end.sendBytesSync(Buffer.from('frame'))
  const fd = other.detach()
  t.teardown(() => closeSync(fd))
  t.is(readFrame(fd).toString(), 'frame')
})
