import test from 'ava'
import type { Connection } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { pair, pairWithRawEnd } from './pairs.ts'
import { turns, watch } from './until.ts'
import { frame, writeAll } from './wire.ts'

checkDescriptors(test)

// All connections share what a turn of the event loop reads and sends: each test has turns of its own.
test.beforeEach(() => turns(1))

const twins: [string, (end: Connection, timeout?: number) => Promise<boolean>][] = [
  ['poll', (end, timeout) => end.poll(timeout)],
  ['pollSync', async (end, timeout) => end.pollSync(timeout)],
]

for (const [name, poll] of twins) {
  test.serial(`${name} at rest says no at once, as it does for a negative timeout`, async (t) => {
    const [a] = pair(t)
    t.false(await poll(a))
    t.false(await poll(a, 0))
    t.false(await poll(a, -1))
    t.false(await poll(a, -Infinity))
  })

  test.serial(`${name} with a message there says yes, again and again, and takes nothing`, async (t) => {
    const [a, b] = pair(t)
    await a.send('message')
    t.true(await poll(b, Infinity))
    t.true(await poll(b))
    t.true(await poll(b, 1000))
    t.is(await b.recv(), 'message')
    t.false(await poll(b))
  })

  test.serial(`${name} sees a message that is already in the buffer`, async (t) => {
    const [a, b] = pair(t)
    for (const n of [1, 2, 3]) await a.send(n)
    t.is(await b.recv(), 1)
    t.true(await poll(b))
    t.is(b.recvSync(), 2)
    t.true(await poll(b))
  })

  test.serial(`${name} says yes for an empty message`, async (t) => {
    const [a, b] = pair(t)
    await a.sendBytes(Buffer.alloc(0))
    t.true(await poll(b, Infinity))
    t.true(await poll(b))
    t.is((await b.recvBytes()).length, 0)
    t.false(await poll(b))
  })

  test.serial(`${name} says yes for the end of the stream`, async (t) => {
    const [a, b] = pair(t)
    await a.close()
    t.true(await poll(b, Infinity))
    t.true(await poll(b))
    await t.throwsAsync(() => b.recv(), { code: 'ERR_CAROM_EOF' })
    t.true(await poll(b))
  })

  test.serial(`${name} says no while a message is not whole`, async (t) => {
    const { connection, fd } = pairWithRawEnd(t)
    const bytes = frame('message')
    writeAll(fd, bytes.subarray(0, 2))
    t.false(await poll(connection))
    writeAll(fd, bytes.subarray(2, 9))
    t.false(await poll(connection, 1))
    writeAll(fd, bytes.subarray(9))
    t.true(await poll(connection, Infinity))
    t.is((await connection.recvBytes()).toString(), 'message')
  })

  test.serial(`${name} with a timeout says no when the time is over, and not before`, async (t) => {
    const [a] = pair(t)
    const started = performance.now()
    t.false(await poll(a, 50))
    t.true(performance.now() - started >= 49)
  })
}

test.serial('poll is woken by a message', async (t) => {
  const [a, b] = pair(t)
  const polling = b.poll(Infinity)
  const state = watch(polling)
  await turns()
  t.false(state.settled)
  await a.send('message')
  t.true(await polling)
  t.is(await b.recv(), 'message')
})

test.serial('poll is woken by the peer’s close', async (t) => {
  const [a, b] = pair(t)
  const polling = b.poll(Infinity)
  await a.close()
  t.true(await polling)
})

test.serial('several polls and receives may wait at once', async (t) => {
  const [a, b] = pair(t)
  const waiting = Promise.all([b.poll(Infinity), b.poll(60_000), b.recv()])
  await a.send('one')
  t.deepEqual(await waiting, [true, true, 'one'])
})

test.serial('a message of a megabyte that arrives while poll waits is there when poll says yes', async (t) => {
  const [a, b] = pair(t)
  const message = Buffer.alloc(1024 * 1024, 7)
  const sending = a.sendBytes(message)
  t.true(await b.poll(Infinity))
  t.true(message.equals(b.recvBytesSync()))
  await sending
})
