// Ends of shared memory in other hands: adopted descriptors, children, processes, worker threads.

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import test, { type ExecutionContext } from 'ava'
import { BusyError, Connection, EncodeError, EOFError, pipe, Process, spawn } from 'carom'
import { type Child, endedWell, fixture, startChild } from './children.ts'
import { checkDescriptors } from './descriptors.ts'
import { connected, listen } from './listeners.ts'
import { closeAfter, pair } from './pairs.ts'
import { turns } from './until.ts'

checkDescriptors(test)

const onLinux = process.platform === 'linux' ? test.serial : test.serial.skip

const SHARED = { transport: 'shared-memory' } as const
const ENVIRONMENT = { CAROM_TEST_TRANSPORT: 'shared-memory' }
const targets = new URL('./fixtures/targets.ts', import.meta.url)

/** A child that sends everything back. */
function startEcho(t: ExecutionContext, end: Connection, how: 'sync' | 'async'): Child {
  return startChild(t, 'echo.ts', { ends: [end], args: [how], env: ENVIRONMENT })
}

onLinux('an unused end is detached and adopted again, and nothing that was sent meanwhile is lost', async (t) => {
  const [a, b] = pair(t, SHARED)
  await a.send('before')
  const adopted = Connection.fromFd(b.detach(), SHARED)
  closeAfter(t, adopted)
  t.is(await adopted.recv(), 'before')
  await adopted.send('back')
  t.is(await a.recv(), 'back')
})

onLinux('an accepted end can be detached and adopted, and the end of connect can’t', async (t) => {
  const [client, server] = await connected(t, listen(t, undefined, SHARED), SHARED)
  t.throws(() => client.detach(), { instanceOf: BusyError, message: /connect\(\)/ })
  const adopted = Connection.fromFd(server.detach(), SHARED)
  closeAfter(t, adopted)
  await client.send('there')
  t.is(await adopted.recv(), 'there')
})

onLinux('an end that is adopted without the option says that its peer wants shared memory', async (t) => {
  const [a, b] = pair(t, SHARED)
  await a.send('one')
  const adopted = Connection.fromFd(b.detach())
  closeAfter(t, adopted)
  await t.throwsAsync(() => adopted.recv(), { message: /transport: 'shared-memory'/ })
})

for (const how of ['sync', 'async'] as const) {
  onLinux(`a child that inherits an end answers through it, by ${how} calls`, async (t) => {
    const [here, there] = pair(t, SHARED)
    const child = startEcho(t, there, how)
    for (const size of [0, 10, 70_000, 3_000_000]) {
      const message = Buffer.alloc(size, 'm')
      if (how === 'sync') {
        here.sendBytesSync(message)
        t.true(here.recvBytesSync().equals(message))
      } else {
        const [back] = await Promise.all([here.recvBytes(), here.sendBytes(message)])
        t.true(back.equals(message))
      }
    }
    await here.close()
    t.like(await child.ended, endedWell)
  })
}

onLinux('what a killed child has sent arrives, and then the end', async (t) => {
  const [here, there] = pair(t, { ...SHARED, ringSize: 4 * 1024 * 1024 })
  const args = ['killed', '2000', '1000']
  const child = startChild(t, 'send-last-words.ts', { ends: [there], args, env: ENVIRONMENT })
  t.is((await child.ended).signal, 'SIGKILL')
  for (let n = 0; n < 2000; n++) t.is((await here.recvBytes()).readUInt32BE(), n)
  await t.throwsAsync(() => here.recv(), { instanceOf: EOFError })
})

onLinux('spawn hands an end over', async (t) => {
  const [here, there] = pair(t, SHARED)
  const child = spawn(process.execPath, [...process.execArgv, fixture('echo.ts'), 'async'], {
    connections: [there],
    stdio: 'inherit',
    env: { ...process.env, ...ENVIRONMENT },
  })
  t.true(there.closed)
  await here.send([1, 2, 3])
  t.deepEqual(await here.recv(), [1, 2, 3])
  await here.close()
  t.deepEqual(await once(child, 'exit'), [0, null])
})

onLinux('a Process gets an end among its arguments, with its options', async (t) => {
  for (const target of ['default', 'echoSync']) {
    const [here, there] = pair(t, { ...SHARED, ringSize: 65_536 })
    const worker = new Process(targets, { target, args: [there] })
    await worker.start()
    for (const value of [1, 'two', new Map([['three', 3n]])]) {
      await here.send(value)
      t.deepEqual(await here.recv(), value)
    }
    await here.close()
    t.true(await worker.join())
    worker.close()
  }
})

onLinux('a Process gets an end that was used before, and the end of connect', async (t) => {
  const [client, server] = await connected(t, listen(t, undefined, SHARED), SHARED)
  const [here, there] = pair(t, SHARED)
  await there.send('before')
  t.is(await here.recv(), 'before')
  for (const [mine, given] of [
    [here, there],
    [server, client],
  ] as const) {
    const worker = new Process(targets, { args: [given] })
    await worker.start()
    t.true(given.closed)
    for (const value of [1, 'two', Buffer.alloc(100_000, 3)]) {
      await mine.send(value)
      t.deepEqual(await mine.recv(), value)
    }
    await mine.close()
    t.true(await worker.join())
    worker.close()
  }
})

onLinux('spawn refuses an end that was used', async (t) => {
  const [here, there] = pair(t, SHARED)
  await there.send('before')
  t.is(await here.recv(), 'before')
  t.throws(() => spawn('true', [], { connections: [there] }), { instanceOf: BusyError, message: /Process/ })
  await there.send('still here')
  t.is(await here.recv(), 'still here')
})

onLinux('a Python process is refused such an end', async (t) => {
  const [, there] = pair(t, { ...SHARED, codec: 'pickle' })
  const file = fixture('python/target.py')
  const worker = new Process(file, { target: 'echo', args: [there] })
  await t.throwsAsync(() => worker.start(), { instanceOf: EncodeError, message: /Python knows no transport/ })
  t.false(there.closed)
})

onLinux('worker threads talk to each other and to this one', async (t) => {
  for (let round = 0; round < 5; round++) {
    const [here, there] = pipe(SHARED)
    closeAfter(t, here)
    const worker = new Worker(new URL('./fixtures/worker.ts', import.meta.url), {
      workerData: { scenario: 'echo', fd: there.detach() },
      execArgv: process.execArgv,
      env: { ...process.env, ...ENVIRONMENT },
    })
    for (let n = 0; n < 100; n++) {
      const message = Buffer.alloc(n * 100, n)
      here.sendBytesSync(message)
      t.true((await here.recvBytes()).equals(message))
    }
    await here.close()
    await once(worker, 'exit')
  }
})

for (const scenario of ['recv', 'recvSync', 'send', 'sendSync', 'poll', 'pollSync', 'wait', 'waitSync', 'iterate']) {
  onLinux(`a worker that is terminated in ${scenario} ends, and its peer learns of it`, async (t) => {
    const [here, there] = pipe({ ...SHARED, ringSize: 4096 })
    closeAfter(t, here)
    const worker = new Worker(new URL('./fixtures/worker.ts', import.meta.url), {
      workerData: { scenario, fd: there.detach() },
      execArgv: process.execArgv,
      env: { ...process.env, ...ENVIRONMENT },
    })
    t.is((await once(worker, 'message'))[0], 'about to wait')
    await turns()
    await worker.terminate()
    if (!scenario.startsWith('send')) await t.throwsAsync(() => here.recv(), { instanceOf: EOFError })
  })
}
