// A process learns of its child's end, whatever the child does with its descriptors.

import { once } from 'node:events'
import test from 'ava'
import { activeChildren, Process, wait, waitSync } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { pair } from './pairs.ts'
import { until } from './until.ts'

checkDescriptors(test)

const targets = new URL('./fixtures/targets.ts', import.meta.url)

for (const daemon of [false, true]) {
  test(`a ${daemon ? 'daemon' : 'child'} that closes all descriptors that it doesn’t know still runs`, async (t) => {
    const [here, there] = pair(t)
    await using child = new Process(targets, { target: 'closeDescriptors', daemon, args: [there] })
    await child.start()
    // The end of this connection is closed as well, not the process's.
    t.false(await here.recv().then(Boolean, () => false))
    t.true(child.isAlive)
    t.is(child.exitCode, null)
    t.false(child.joinSync(50))
    t.false(await child.join(50))
    t.deepEqual(waitSync([child, child.sentinel], { timeout: 50 }), [])
    t.deepEqual(await wait([child, child.sentinel], { timeout: 50 }), [])
    t.true(child.isAlive)
    child.kill()
    t.deepEqual(await wait([child]), [child])
    t.true(child.joinSync())
    t.like(child, { isAlive: false, exitCode: null, signalCode: 'SIGKILL' })
  })
}

test('a child that is stopped runs, until it is killed', async (t) => {
  await using child = new Process(targets, { target: 'stay' })
  await child.start()
  process.kill(child.pid!, 'SIGSTOP')
  t.false(child.joinSync(50))
  t.true(child.isAlive)
  child.kill()
  t.true(child.joinSync())
  t.is(child.signalCode, 'SIGKILL')
})

test('the sentinel is one descriptor, readable from the end on until close', async (t) => {
  const child = new Process(targets, { target: 'nothing' })
  await child.start()
  const { sentinel } = child
  t.is(child.sentinel, sentinel)
  t.true(await child.join())
  t.is(child.sentinel, sentinel)
  t.deepEqual(waitSync([sentinel]), [sentinel])
  child.close()
  t.throws(() => waitSync([sentinel], { timeout: 0 }), { code: 'EBADF' })
})

test('terminate and kill do nothing once a child has ended, even if another process has its number by then', async (t) => {
  const child = new Process(targets, { target: 'nothing' })
  t.teardown(() => child.close())
  void child.start()
  t.true(child.joinSync())
  // The event loop has not reaped it yet, and then it has.
  child.terminate()
  await child.join()
  child.terminate()
  child.kill()
  t.is(child.exitCode, 0)
})

test.serial('activeChildren lists the processes that run', async (t) => {
  t.deepEqual(activeChildren(), [])
  const [first, second] = [new Process(targets, { target: 'stay' }), new Process(targets, { target: 'stay' })]
  t.teardown(async () => {
    for (const each of [first, second]) await each[Symbol.asyncDispose]()
  })
  const starting = first.start()
  t.deepEqual(activeChildren(), [first])
  await Promise.all([starting, second.start()])
  t.deepEqual(activeChildren(), [first, second])
  first.kill()
  t.true(first.joinSync())
  t.deepEqual(activeChildren(), [second])
  second.kill()
  await second.join()
  t.deepEqual(activeChildren(), [])
})

test.serial('a process that could not be started is no active child', async (t) => {
  const child = new Process(targets, { cwd: '/no/such/directory' })
  await t.throwsAsync(() => child.start())
  t.deepEqual(activeChildren(), [])
})

test.serial('a process without references ends, and is forgotten', async (t) => {
  const [here, there] = pair(t)
  void new Process(targets, { args: [there] }).start()
  t.is(activeChildren().length, 1)
  const [child] = activeChildren()
  await here.close()
  await until(() => activeChildren().length === 0, 'the child does not end')
  child!.close()
  t.is(child!.exitCode, 0)
})

test('an abort sends killSignal', async (t) => {
  const [here, there] = pair(t)
  const controller = new AbortController()
  await using child = new Process(targets, {
    target: 'block',
    args: [there],
    signal: controller.signal,
    killSignal: 'SIGINT',
  })
  await child.start()
  t.is(await here.recv(), 'about to block')
  controller.abort()
  await child.join()
  t.is(child.signalCode, 'SIGINT')
})

test('Node’s own options of spawn reach the child', async (t) => {
  const [here, there] = pair(t)
  await using child = new Process(targets, {
    target: 'report',
    args: [there],
    argv0: 'another-name',
    detached: true,
    windowsHide: true,
    ...(process.getuid && { uid: process.getuid(), gid: process.getgid!() }),
  })
  await child.start()
  t.like((await here.recv()) as object, { argv0: 'another-name' })
  await child.join()
})

test('an option that Node refuses is a TypeError before anything is started', async (t) => {
  const [, there] = pair(t)
  const child = new Process(targets, { args: [there], uid: 'root' as never })
  await t.throwsAsync(() => child.start(), { instanceOf: TypeError, message: /uid/ })
  t.is(child.pid, undefined)
  t.false(there.closed)
})

if (process.platform !== 'win32') {
  test('a child may be ended by a time limit of Node’s', async (t) => {
    const neverImported = 'data:text/javascript,await new Promise(() => setInterval(() => {}, 60_000))'
    await using child = new Process(neverImported, { timeout: 1, killSignal: 'SIGKILL', execArgv: [] })
    await t.throwsAsync(() => child.start(), { message: /was ended by SIGKILL before it had imported/ })
    t.is(child.signalCode, 'SIGKILL')
  })
}

test('streams of a child that ends are read to their end', async (t) => {
  await using child = new Process(targets, { target: 'fail', args: ['why'], stdio: ['ignore', 'ignore', 'pipe'] })
  void child.start()
  const [text] = (await once(child.stderr!, 'data')) as [Buffer]
  t.true(text.length > 0)
  await child.join()
})
