import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import test, { type ExecutionContext } from 'ava'
import { BusyError, Connection, EOFError } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { closeAfter, pair } from './pairs.ts'

checkDescriptors(test)

/** A worker that adopts the descriptors it is sent, and answers the messages on them until it is asked to give them back. */
function startWorker(t: ExecutionContext): Worker {
  const worker = new Worker(new URL('./fixtures/mover.ts', import.meta.url), { execArgv: process.execArgv })
  t.teardown(() => worker.terminate())
  return worker
}

test('a connection moves to a worker thread and back, under load, and no message is lost', async (t) => {
  const worker = startWorker(t)
  const [here, there] = pair(t)
  let moving = there
  let expected = 0
  for (let round = 0; round < 20; round++) {
    // The peer sends all the while: messages that the kernel holds go with the descriptor.
    for (let n = 0; n < 50; n++) void here.send({ round, n })
    worker.postMessage(moving.detach())
    for (let n = 0; n < 50; n++) {
      t.deepEqual(await here.recv(), { round, n, by: 'the worker' })
      expected++
    }
    for (let n = 0; n < 50; n++) void here.send({ round, n })
    await here.flush()
    worker.postMessage('back')
    const [fd] = (await once(worker, 'message')) as [number]
    moving = Connection.fromFd(fd)
    closeAfter(t, moving)
    for (let n = 0; n < 50; n++) {
      t.deepEqual(await moving.recv(), { round, n })
      expected++
    }
  }
  t.is(expected, 20 * 100)
  await moving.close()
  await t.throwsAsync(() => here.recv(), { instanceOf: EOFError })
})

test('a connection that holds data back does not move', async (t) => {
  const [here, there] = pair(t)
  await here.send('held')
  t.true(await there.poll(Infinity))
  t.throws(() => there.detach(), { instanceOf: BusyError })
  t.is(await there.recv(), 'held')
})
