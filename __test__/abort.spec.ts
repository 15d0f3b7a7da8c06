import { getEventListeners } from 'node:events'
import test from 'ava'
import { wait, type Connection } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { pair, pairWithRawEnd } from './pairs.ts'
import { turns } from './until.ts'
import { frame, writeAll } from './wire.ts'

checkDescriptors(test)

type Waiting = (end: Connection, signal: AbortSignal) => Promise<unknown>

const calls: [string, Waiting][] = [
  ['recv', (end, signal) => end.recv({ signal })],
  ['recvBytes', (end, signal) => end.recvBytes(undefined, { signal })],
  ['recvBytesInto', (end, signal) => end.recvBytesInto(Buffer.alloc(100), 0, { signal })],
  ['poll', (end, signal) => end.poll(Infinity, { signal })],
  ['wait', (end, signal) => wait([end], { signal })],
]

for (const [name, call] of calls) {
  test(`an aborted ${name} rejects with the signal’s reason`, async (t) => {
    const [a] = pair(t)
    const controller = new AbortController()
    const waiting = call(a, controller.signal)
    await turns(2)
    const reason = new Error('enough')
    controller.abort(reason)
    t.is(await t.throwsAsync(waiting), reason)
  })

  test(`${name} rejects with the default reason, an AbortError`, async (t) => {
    const [a] = pair(t)
    const controller = new AbortController()
    const waiting = call(a, controller.signal)
    controller.abort()
    await t.throwsAsync(waiting, { name: 'AbortError', any: true })
  })

  test(`${name} with a reason that is no error rejects with just that`, async (t) => {
    const [a] = pair(t)
    const controller = new AbortController()
    const waiting = call(a, controller.signal)
    controller.abort('a string')
    t.is(await waiting.catch((reason: unknown) => reason), 'a string')
  })

  test(`${name} with a signal that is aborted already rejects and takes nothing`, async (t) => {
    const [a, b] = pair(t)
    await b.send('still there')
    await b.flush()
    const reason = new Error('before')
    t.is(await t.throwsAsync(() => call(a, AbortSignal.abort(reason))), reason)
    t.is(await a.recv(), 'still there')
  })

  test(`the message that an aborted ${name} waited for is there for the next call`, async (t) => {
    const [a, b] = pair(t)
    for (let n = 0; n < 100; n++) {
      const controller = new AbortController()
      const waiting = call(a, controller.signal)
      await turns(1)
      void b.send(n)
      controller.abort()
      await t.throwsAsync(waiting, { any: true })
      t.is(await a.recv(), n)
    }
  })

  test(`10 000 of ${name} on one signal leave no listener`, async (t) => {
    const [a, b] = pair(t)
    const { signal } = new AbortController()
    for (let n = 0; n < 10_000; n++) {
      const waiting = call(a, signal)
      b.sendSync(n)
      await waiting
      // poll and wait take nothing.
      if (name === 'poll' || name === 'wait') a.recvSync()
    }
    t.is(getEventListeners(signal, 'abort').length, 0)
  })

  test(`10 000 of ${name} that wait at once on one signal warn of nothing and leave no listener`, async (t) => {
    const [a] = pair(t)
    const warnings: Error[] = []
    const warn = (warning: Error): unknown => warnings.push(warning)
    process.on('warning', warn)
    t.teardown(() => process.off('warning', warn))
    const controller = new AbortController()
    const waiting = Array.from({ length: 10_000 }, () => call(a, controller.signal))
    await turns(2)
    controller.abort(new Error('enough'))
    const outcomes = await Promise.allSettled(waiting)
    t.true(outcomes.every(({ status }) => status === 'rejected'))
    t.is(getEventListeners(controller.signal, 'abort').length, 0)
    t.deepEqual(
      warnings.filter((warning) => warning.name === 'MaxListenersExceededWarning'),
      [],
    )
  })
}

test('aborting one of several pending receives leaves the others in their order', async (t) => {
  const [a, b] = pair(t)
  const controller = new AbortController()
  const first = a.recv()
  const second = a.recv({ signal: controller.signal })
  const third = a.recv()
  controller.abort()
  await t.throwsAsync(second, { any: true })
  await b.send(1)
  await b.send(2)
  t.deepEqual(await Promise.all([first, third]), [1, 2])
})

test('an abort in the middle of a message loses none of its bytes', async (t) => {
  const { connection, fd } = pairWithRawEnd(t)
  const bytes = frame('hello')
  for (let cut = 1; cut < bytes.length; cut++) {
    const controller = new AbortController()
    const waiting = connection.recvBytes(undefined, { signal: controller.signal })
    writeAll(fd, bytes.subarray(0, cut))
    await turns(3)
    controller.abort()
    await t.throwsAsync(waiting, { any: true })
    writeAll(fd, bytes.subarray(cut))
    t.is((await connection.recvBytes()).toString(), 'hello')
  }
})

test('an abort in the middle of a large message loses none of its bytes', async (t) => {
  const [a, b] = pair(t)
  const message = Buffer.alloc(8 * 1024 * 1024, 'large')
  const controller = new AbortController()
  const waiting = b.recvBytes(undefined, { signal: controller.signal })
  const sending = a.sendBytes(message)
  await turns(3)
  controller.abort()
  const first = await waiting.catch(() => b.recvBytes())
  t.true(message.equals(first))
  await sending
})

test('an abort after the message came changes nothing', async (t) => {
  const [a, b] = pair(t)
  const controller = new AbortController()
  const receiving = a.recv({ signal: controller.signal })
  await b.send('came')
  t.is(await receiving, 'came')
  controller.abort()
  await b.send('next')
  t.is(await a.recv(), 'next')
})
