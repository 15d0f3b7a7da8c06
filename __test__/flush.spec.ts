import test from 'ava'
import { SystemError } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { pair, pairWithRawEnd } from './pairs.ts'
import { turns, watch } from './until.ts'
import { patterned } from './wire.ts'

checkDescriptors(test)

// All connections share what a turn of the event loop reads and sends: each test has turns of its own.
test.beforeEach(() => turns(1))

const brokenPipe = { instanceOf: SystemError, name: 'SystemError', code: 'EPIPE' } as const

test.serial('flush resolves when the kernel has taken all that was sent, and not before', async (t) => {
  const [a, b] = pair(t)
  const message = patterned(4 * 1024 * 1024)
  const sending = a.sendBytes(message)
  const flushing = a.flush()
  const state = watch(flushing)
  await turns()
  t.false(state.settled)
  t.true(a.bufferedAmount > 0)
  t.true(message.equals(await b.recvBytes()))
  await Promise.all([sending, flushing])
  t.is(a.bufferedAmount, 0)
})

test.serial('flush with nothing to send resolves', async (t) => {
  const [a] = pair(t)
  await t.notThrowsAsync(() => a.flush())
})

test.serial(
  'after flush the message is with the kernel: the other end has it without any turn of the loop',
  async (t) => {
    const [a, b] = pair(t)
    void a.send('there')
    await a.flush()
    t.is(b.tryRecv(), 'there')
  },
)

test.serial(
  'a message sent alone in its turn is with the kernel at once; several of one turn leave together',
  async (t) => {
    const [a, b] = pair(t)
    const roundTrip = async (count: number): Promise<number[]> => {
      const unsent: number[] = []
      for (let n = 0; n < count; n++) {
        void a.send('there')
        unsent.push(a.bufferedAmount)
      }
      for (let n = 0; n < count; n++) await b.recv()
      // The event loop calls with the answer, which begins a turn.
      const answer = a.recv()
      void b.send('and back')
      await answer
      return unsent.map((bytes) => Math.sign(bytes))
    }
    t.deepEqual(await roundTrip(1), [0])
    t.deepEqual(await roundTrip(1), [0])
    t.deepEqual(await roundTrip(3), [0, 1, 1])
    t.deepEqual(await roundTrip(3), [1, 1, 1])
    t.deepEqual(await roundTrip(1), [1])
    t.deepEqual(await roundTrip(1), [0])
  },
)

test.serial('several flushes may wait at once', async (t) => {
  const [a, b] = pair(t)
  const sending = a.sendBytes(patterned(1024 * 1024))
  const flushing = Promise.all([a.flush(), a.flush()])
  await b.recvBytes()
  await t.notThrowsAsync(Promise.all([sending, flushing]))
})

test.serial('flush rejects with EPIPE when the peer has closed', async (t) => {
  const [a, b] = pair(t)
  await b.close()
  await a.send('nobody').catch(() => {})
  const error = (await t.throwsAsync(() => a.flush(), brokenPipe)) as SystemError
  t.true(error.errno < 0)
  t.is(typeof error.syscall, 'string')
})

test.serial('after a write error every later send rejects with it, and the connection is still open', async (t) => {
  const [a, b] = pair(t)
  await b.close()
  await a.send('nobody').catch(() => {})
  await t.throwsAsync(() => a.flush(), brokenPipe)
  for (let n = 0; n < 3; n++) {
    await t.throwsAsync(() => a.send('x'), brokenPipe)
    await t.throwsAsync(() => a.sendBytes(Buffer.from('x')), brokenPipe)
    t.throws(() => a.sendSync('x'), brokenPipe)
    t.throws(() => a.sendBytesSync(Buffer.from('x')), brokenPipe)
  }
  t.false(a.closed)
  await t.notThrowsAsync(() => a.close())
})

test.serial('sendSync to a peer that has closed throws EPIPE', (t) => {
  const { connection, closeRawEnd } = pairWithRawEnd(t)
  closeRawEnd()
  t.throws(() => connection.sendSync('nobody'), brokenPipe)
  t.throws(() => connection.sendBytesSync(patterned(1_000_000)), brokenPipe)
})

test.serial('a send that waits for the watermark, and a flush, fail when the peer closes', async (t) => {
  const { connection, closeRawEnd } = pairWithRawEnd(t, { highWaterMark: 1024 })
  const over = connection.sendBytes(patterned(4 * 1024 * 1024)).catch(() => {})
  const outcomes = Promise.allSettled([connection.send('waits'), connection.flush()])
  await turns(5)
  closeRawEnd()
  t.deepEqual(
    (await outcomes).map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'fulfilled')),
    ['EPIPE', 'EPIPE'],
  )
  await over
})

test.serial('a write error does not take away what the peer sent before it closed', async (t) => {
  const [a, b] = pair(t)
  await b.send('last words')
  await b.close()
  await a.send('nobody').catch(() => {})
  await a.flush().catch(() => {})
  t.is(await a.recv(), 'last words')
  await t.throwsAsync(() => a.recv(), { code: 'ERR_CAROM_EOF' })
})
