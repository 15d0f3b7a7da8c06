import test from 'ava'
import { BusyError, type Connection } from 'carom'
import { startChild } from './children.ts'
import { checkDescriptors } from './descriptors.ts'
import { pair } from './pairs.ts'
import { turns } from './until.ts'
import { patterned } from './wire.ts'

checkDescriptors(test)

// All connections share what a turn of the event loop reads and sends: each test has turns of its own.
test.beforeEach(() => turns(1))

const busy = { instanceOf: BusyError, name: 'BusyError', code: 'ERR_CAROM_BUSY' } as const

test.serial('a …Sync receive while an asynchronous one is pending is refused, and harms nothing', async (t) => {
  const [a, b] = pair(t)
  const receiving = b.recv()
  t.throws(() => b.recvSync(), busy)
  t.throws(() => b.recvBytesSync(), busy)
  t.throws(() => b.recvBytesIntoSync(Buffer.alloc(10)), busy)
  await a.send('first')
  await a.send('second')
  t.is(await receiving, 'first')
  t.is(b.recvSync(), 'second')
})

test.serial('a …Sync receive is refused also when its message would be there already', async (t) => {
  const [a, b] = pair(t)
  a.sendSync('first')
  a.sendSync('second')
  const receiving = b.recv()
  const outcome = ((): unknown => {
    try {
      return b.recvSync()
    } catch (error) {
      return error
    }
  })()
  // The asynchronous call may have been served at once; what must not be is the reverse order.
  t.true(outcome === 'second' || outcome instanceof BusyError)
  t.is(await receiving, 'first')
  if (outcome instanceof BusyError) t.is(b.recvSync(), 'second')
})

test.serial('sends of both kinds leave in the order of the calls', async (t) => {
  const [a, b] = pair(t)
  for (let n = 0; n < 300; n += 3) {
    void a.send(n)
    a.sendSync(n + 1)
    void a.sendBytes(Buffer.of(0x01)).catch(() => {})
  }
  for (let n = 0; n < 300; n += 3) {
    t.is(await b.recv(), n)
    t.is(b.recvSync(), n + 1)
    t.is((await b.recvBytes())[0], 1)
  }
})

test.serial('a sendSync behind a large asynchronous send leaves after it', async (t) => {
  const [near, far] = pair(t)
  startChild(t, 'echo.ts', { ends: [far], args: ['async'] })
  const large = patterned(2 * 1024 * 1024)
  const sending = near.sendBytes(large)
  near.sendBytesSync(Buffer.from('small'))
  t.true(large.equals(await near.recvBytes()))
  t.is((await near.recvBytes()).toString(), 'small')
  await sending
})

test.serial('receives of both kinds in turn take messages in order', async (t) => {
  const [a, b] = pair(t)
  for (let n = 0; n < 400; n++) void a.send(n)
  await a.flush()
  const receive: ((end: Connection) => unknown)[] = [
    (end) => end.recv(),
    (end) => end.recvSync(),
    (end) => end.tryRecv(),
    (end) =>
      end[Symbol.asyncIterator]()
        .next()
        .then(({ value }: { value?: unknown }) => value),
  ]
  for (let n = 0; n < 400; n++) t.is(await receive[n % receive.length]?.(b), n)
})

test.serial(
  'a message of which the asynchronous side has read a part is finished by the synchronous one',
  async (t) => {
    const [near, far] = pair(t)
    startChild(t, 'echo.ts', { ends: [far], args: ['sync'] })
    const large = patterned(6 * 1024 * 1024)
    await near.sendBytes(large)
    // Aborted in the middle, most likely: the part that has come stays with the connection.
    const controller = new AbortController()
    const waiting = near.recvBytes(undefined, { signal: controller.signal }).catch(() => undefined)
    await near.poll(0)
    controller.abort()
    const received = (await waiting) ?? near.recvBytesSync()
    t.true(large.equals(received))
  },
)

test.serial('a pending poll does not hinder a …Sync receive', async (t) => {
  const [a, b] = pair(t)
  const polling = b.poll(Infinity)
  a.sendSync('one')
  t.is(b.recvSync(), 'one')
  a.sendSync('two')
  t.true(await polling)
  t.is(b.recvSync(), 'two')
})
