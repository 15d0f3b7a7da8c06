import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import test, { type ExecutionContext } from 'ava'
import { pipe } from 'carom'
import { checkDescriptors, expectNoMoreDescriptorsThan, openDescriptors } from './descriptors.ts'
import { pair } from './pairs.ts'
import { TRANSPORT } from './transport.ts'
import { turns } from './until.ts'
import { patterned } from './wire.ts'

checkDescriptors(test)

type Scenario = 'round-trips' | 'echo' | 'leave-open' | Blocked | 'exit-while-receiving'
type Blocked = 'recv' | 'recvSync' | 'iterate' | 'send' | 'sendSync' | 'poll' | 'pollSync' | 'wait' | 'waitSync'

function startWorker(t: ExecutionContext, scenario: Scenario, fd = -1): Worker {
  const worker = new Worker(new URL('./fixtures/worker.ts', import.meta.url), { workerData: { scenario, fd } })
  t.teardown(() => worker.terminate())
  return worker
}

/** The first message of a worker; its uncaught error, if that comes first. */
async function firstMessage(worker: Worker): Promise<unknown> {
  const [message] = await once(worker, 'message')
  return message
}

test.serial('the addon works in many workers at once, and next to them', async (t) => {
  const workers = Array.from({ length: 8 }, () => startWorker(t, 'round-trips'))
  const [a, b] = pair(t)
  const messages = workers.map(firstMessage)
  const exits = workers.map((worker) => once(worker, 'exit'))
  for (let n = 0; n < 100; n++) {
    await a.send(n)
    t.is(await b.recv(), n)
  }
  t.deepEqual(await Promise.all(messages), Array(8).fill('200 round trips'))
  for (const exit of exits) t.deepEqual(await exit, [0])
})

test.serial('a connection moves to a worker by detach and fromFd', async (t) => {
  const [near, far] = pair(t)
  await near.send('sent before the move')
  await near.flush()
  const worker = startWorker(t, 'echo', far.detach())
  const exited = once(worker, 'exit')
  t.is(await near.recv(), 'sent before the move')
  const message = patterned(3 * 1024 * 1024)
  const sending = near.sendBytes(message)
  t.true(message.equals(await near.recvBytes()))
  await sending
  near.sendSync('sync')
  t.is(near.recvSync(), 'sync')
  await near.close()
  t.deepEqual(await exited, [0])
})

test.serial('connections that a worker leaves open are closed when it ends by itself', async (t) => {
  const before = openDescriptors()
  const [near, far] = pipe(TRANSPORT)
  const worker = startWorker(t, 'leave-open', far.detach())
  t.deepEqual(await once(worker, 'exit'), [0])
  await t.throwsAsync(() => near.recv(), { code: 'ERR_CAROM_EOF' })
  await near.close()
  await expectNoMoreDescriptorsThan(before)
  t.pass()
})

const blocked: Blocked[] = ['recv', 'recvSync', 'iterate', 'send', 'sendSync', 'poll', 'pollSync', 'wait', 'waitSync']

for (const call of blocked) {
  test.serial(`a worker terminated in the middle of ${call}, again and again, crashes and leaks nothing`, async (t) => {
    const before = openDescriptors()
    for (let n = 0; n < 12; n++) {
      const [near, far] = pipe(TRANSPORT)
      const worker = startWorker(t, call, far.detach())
      t.is(await firstMessage(worker), 'about to wait')
      // Some are terminated on the threshold, others when they wait for certain.
      await turns(n * 5)
      await worker.terminate()
      await near.close()
    }
    await expectNoMoreDescriptorsThan(before)
  })
}

test.serial('a worker that exits by itself while a receive is pending crashes and leaks nothing', async (t) => {
  const before = openDescriptors()
  for (let n = 0; n < 6; n++) {
    const [near, far] = pipe(TRANSPORT)
    const worker = startWorker(t, 'exit-while-receiving', far.detach())
    t.deepEqual(await once(worker, 'exit'), [5])
    await t.throwsAsync(() => near.recv(), { code: 'ERR_CAROM_EOF' })
    await near.close()
  }
  await expectNoMoreDescriptorsThan(before)
})

test.serial('many workers terminated at once, amid traffic, crash and leak nothing', async (t) => {
  const before = openDescriptors()
  const ends = Array.from({ length: 8 }, () => pipe(TRANSPORT))
  const workers = ends.map(([, far]) => startWorker(t, 'echo', far.detach()))
  for (const [near] of ends) {
    near.sendSync('hello')
    t.is(await near.recv(), 'hello')
  }
  const traffic = ends.map(async ([near]) => {
    for (;;) {
      await near.sendBytes(patterned(50_000))
      await near.recvBytes()
    }
  })
  await turns(20)
  await Promise.all(workers.map((worker) => worker.terminate()))
  for (const { status } of await Promise.allSettled(traffic)) t.is(status, 'rejected')
  await Promise.all(ends.map(([near]) => near.close()))
  await expectNoMoreDescriptorsThan(before)
})
