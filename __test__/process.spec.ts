import { closeSync, openSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import {
  connect,
  currentProcess,
  EncodeError,
  EOFError,
  Handle,
  isMain,
  Listener,
  Process,
  ProcessError,
  StartError,
  wait,
  waitSync,
} from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { closeAfter, pair } from './pairs.ts'
import { until } from './until.ts'

checkDescriptors(test)

type Options = NonNullable<ConstructorParameters<typeof Process>[1]>

const url = (name: string): URL => new URL(`./fixtures/${name}`, import.meta.url)
const targets = url('targets.ts')

/** A process that is killed when the test ends, if it still runs, and closed. */
function make(t: ExecutionContext, module: string | URL, options?: Options): Process {
  const made = new Process(module, options)
  t.teardown(async () => {
    if (made.isAlive) made.kill()
    if (made.pid !== undefined) await made.join().catch(() => {})
    made.close()
  })
  return made
}

test('a Process calls the default export with a connection, which is closed here', async (t) => {
  const [here, there] = pair(t)
  const worker = make(t, targets, { args: [there] })
  t.is(worker.pid, undefined)
  t.false(worker.isAlive)
  const starting = worker.start()
  t.true(there.closed)
  t.true(worker.isAlive)
  t.true((worker.pid as number) > 0)
  await starting
  for (const value of [1, 'two', new Map([['three', 3n]]), undefined]) {
    await here.send(value)
    t.deepEqual(await here.recv(), value)
  }
  t.is(worker.exitCode, null)
  await here.close()
  t.true(await worker.join())
  t.like(worker, { isAlive: false, exitCode: 0, signalCode: null })
})

test('start need not be awaited, and the blocking calls suffice', (t) => {
  const [here, there] = pair(t)
  const worker = make(t, targets, { target: 'echoSync', args: [there] })
  void worker.start()
  here.sendSync({ hello: 1 })
  t.deepEqual(here.recvSync(), { hello: 1 })
  t.false(worker.joinSync(0))
  t.false(worker.joinSync(20))
  void here.close()
  t.true(worker.joinSync())
  t.like(worker, { isAlive: false, exitCode: 0, signalCode: null })
})

test('the child knows its name, that it is a daemon, and that it is not the main program', async (t) => {
  const [here, there] = pair(t)
  const worker = make(t, targets, {
    target: 'report',
    name: 'reporter',
    daemon: true,
    args: [there, 1, { two: new Date(2) }],
    env: { ...process.env, CAROM_TEST: 'given' },
    cwd: tmpdir(),
    execArgv: ['--import', import.meta.resolve('@oxc-node/core/register'), '--no-deprecation'],
  })
  await worker.start()
  t.like((await here.recv()) as object, {
    rest: [1, { two: new Date(2) }],
    current: { name: 'reporter', pid: worker.pid, daemon: true },
    mainHere: false,
    given: 'given',
    cache: process.env['NODE_COMPILE_CACHE'] ?? null,
    cwd: realpathSync(tmpdir()),
    pid: worker.pid,
    ppid: process.pid,
  })
  await worker.join()
  t.is(worker.name, 'reporter')
  t.is(currentProcess().name, 'MainProcess')
  t.false(isMain(import.meta))
})

test('processes without a name are numbered', (t) => {
  const [first, second] = [new Process(targets), new Process(targets)]
  t.regex(first.name, /^Process-\d+$/)
  t.not(first.name, second.name)
})

test('a module is a URL, or a path from the working directory, of either kind', async (t) => {
  const file = fileURLToPath(url('target.cjs'))
  for (const module of [url('target.cjs'), url('target.cjs').href, file, relative(process.cwd(), file)]) {
    const [here, there] = pair(t)
    const worker = make(t, module, { args: [there] })
    await worker.start()
    t.is(await here.recv(), 'module.exports')
  }
  const [here, there] = pair(t)
  await make(t, file, { target: 'named', args: [there] }).start()
  t.is(await here.recv(), 'exports.named')
})

test('connections arrive at any depth, with their options', async (t) => {
  const [a, inList] = pair(t, { codec: 'json', maxMessageSize: 100, highWaterMark: Infinity })
  const [inMap, b] = pair(t, { codec: 'pickle', duplex: false })
  const worker = make(t, targets, {
    target: 'nested',
    args: [{ list: [inList], map: new Map([['key', b]]) }],
  })
  await worker.start()
  t.is(await a.recv(), 'in a list')
  t.is(await inMap.recv(), 'in a map')
  await worker.join()
})

test('several processes accept from one listener, which goes on here', async (t) => {
  // Other tests here block this process: the handshakes must not mind.
  const options = { authkey: 'secret', handshakeTimeout: Infinity }
  const listener = new Listener(undefined, options)
  t.teardown(() => listener.close())
  const workers = ['one', 'two'].map((name) => make(t, targets, { target: 'serve', name, args: [listener] }))
  await Promise.all(workers.map((worker) => worker.start()))
  const served: unknown[] = []
  for (const _ of workers) {
    const client = await connect(listener.address, options)
    closeAfter(t, client)
    served.push(await client.recv())
  }
  t.deepEqual(served.toSorted(), ['accepted by one', 'accepted by two'])
  t.false(listener.closed)
  await Promise.all(workers.map((worker) => worker.join()))
})

test('a Handle arrives as a descriptor of the same file', async (t) => {
  const fd = openSync(url('target.cjs'), 'r')
  const [here, there] = pair(t)
  await make(t, targets, { target: 'read', args: [new Handle(fd), there] }).start()
  closeSync(fd)
  t.true(((await here.recv()) as string).startsWith('// A target in a CommonJS module.'))
})

test('with keep, the connections stay open here', async (t) => {
  const [here, there] = pair(t)
  const worker = make(t, targets, { target: 'nothing', args: [there], keep: true })
  await worker.start()
  await worker.join()
  t.false(there.closed)
  await there.send('mine')
  t.is(await here.recv(), 'mine')
})

for (const [name, target, code] of [
  ['process.exit', 'exit', 7],
  ['process.exitCode', 'setExitCode', 8],
] as const) {
  test(`the exit code is the one that the child set by ${name}`, async (t) => {
    const worker = make(t, targets, { target, args: [code] })
    await worker.start()
    t.true(await worker.join())
    t.like(worker, { exitCode: code, signalCode: null })

    const other = make(t, targets, { target, args: [code] })
    void other.start()
    t.true(other.joinSync())
    t.like(other, { exitCode: code, signalCode: null })
  })
}

for (const target of ['fail', 'failLater']) {
  test(`an exception in the target (${target}) prints its stack on stderr, and exits with 1`, async (t) => {
    const worker = make(t, targets, { target, args: ['the reason'], stdio: ['ignore', 'ignore', 'pipe'] })
    let stderr = ''
    const starting = worker.start()
    worker.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    await starting
    await worker.join()
    t.is(worker.exitCode, 1)
    await until(() => worker.stderr!.closed, 'stderr does not end')
    t.regex(stderr, /RangeError: the reason\n\s+at .*fail/)
  })
}

for (const how of ['terminate', 'kill'] as const) {
  const signal = how === 'kill' ? 'SIGKILL' : 'SIGTERM'

  test(`${how} ends the process by ${signal}, whatever it does`, async (t) => {
    const [here, there] = pair(t)
    const worker = make(t, targets, { target: 'block', args: [there] })
    void worker.start()
    t.is(await here.recv(), 'about to block')
    worker[how]()
    t.true(await worker.join())
    t.like(worker, { isAlive: false, exitCode: null, signalCode: signal })
    await t.throwsAsync(() => here.recv(), { instanceOf: EOFError })
    // It has ended: nothing happens.
    worker[how]()

    const [nearby, away] = pair(t)
    const other = make(t, targets, { target: 'block', args: [away] })
    void other.start()
    t.is(nearby.recvSync(), 'about to block')
    other[how]()
    t.true(other.joinSync())
    t.like(other, { isAlive: false, exitCode: null, signalCode: signal })
  })
}

test('join and joinSync with a timeout tell whether the process has ended', async (t) => {
  const [here, there] = pair(t)
  const worker = make(t, targets, { target: 'block', args: [there] })
  await worker.start()
  t.false(await worker.join(0))
  t.false(await worker.join(10))
  t.false(worker.joinSync(10))
  t.is(await here.recv(), 'about to block')
  await here.close()
  t.true(await worker.join(1e9))
  t.true(worker.joinSync(0))
})

const failures: [title: string, module: string | URL, options: Options, message: RegExp, cause?: object][] = [
  [
    'no such module',
    url('missing.mjs'),
    {},
    /could not import file:.*missing\.mjs: Cannot find module/,
    { code: 'ERR_MODULE_NOT_FOUND' },
  ],
  [
    'no such export',
    targets,
    { target: 'nobody' },
    /could not find the function 'nobody' in file:.*targets\.ts: .*exports the functions .*echoSync/,
  ],
  ['an export that is no function', targets, { target: 'notAFunction' }, /exports something else by that name/],
  [
    'a module that throws',
    url('target-throws.mjs'),
    {},
    /could not import .*: thrown while it is imported/,
    { message: 'thrown while it is imported' },
  ],
  ['a module that exits', url('target-exits.mjs'), {}, /exited with 9 before it had imported/],
  ['options that Node does not know', targets, { execArgv: ['--no-such-option'] }, /exited with 9 before/],
]

for (const [title, module, options, message, cause] of failures) {
  test(`${title}: start, join and joinSync say so`, async (t) => {
    const expected = { instanceOf: StartError, code: 'ERR_CAROM_START', message }
    const quiet: Options = { ...options, stdio: 'ignore' }
    const awaited = make(t, module, quiet)
    const error = await t.throwsAsync(() => awaited.start(), expected)
    if (cause) t.like(error!.cause as object, cause)
    await t.throwsAsync(() => awaited.join(), expected)
    t.not(awaited.exitCode, 0)

    const joined = make(t, module, quiet)
    void joined.start()
    await t.throwsAsync(() => joined.join(), expected)

    const blocking = make(t, module, quiet)
    void blocking.start()
    t.throws(() => blocking.joinSync(), expected)
  })
}

test('the cause of a failed start has the stack of the child', async (t) => {
  const error = await t.throwsAsync(() => make(t, url('target-throws.mjs')).start(), { instanceOf: StartError })
  t.regex((error!.cause as Error).stack!, /target-throws\.mjs:3/)
})

test('a process that can’t be started at all hands nothing over, and may be started again', async (t) => {
  const [here, there] = pair(t)
  const worker = make(t, targets, { args: [there], cwd: '/no/such/directory' })
  await t.throwsAsync(() => worker.start(), { instanceOf: StartError, message: /could not be started.*ENOENT/ })
  t.is(worker.pid, undefined)
  t.false(there.closed)
  await t.throwsAsync(() => worker.start(), { instanceOf: StartError })
  await there.send('mine')
  t.is(await here.recv(), 'mine')
})

test('arguments that have no encoding are an error before anything is started', async (t) => {
  const [here, there] = pair(t, { transport: 'socket' })
  const worker = make(t, targets, { args: [there, () => {}] })
  await t.throwsAsync(() => worker.start(), { instanceOf: EncodeError, message: /: args\[\d\].*function/ })
  t.is(worker.pid, undefined)
  t.false(there.closed)

  await here.send('unread')
  t.true(await there.poll(Infinity))
  const held = make(t, targets, { args: [there] })
  await t.throwsAsync(() => held.start(), { instanceOf: EncodeError, message: /received messages are held back/ })
  t.is(await there.recv(), 'unread')

  const [own] = pair(t, { codec: { encode: () => new Uint8Array(1), decode: () => 1 } })
  await t.throwsAsync(() => make(t, targets, { args: [own] }).start(), { message: /codec of your own/ })
})

test('wrong options are a TypeError or a RangeError', (t) => {
  const wrong: [unknown, unknown][] = [
    [3, {}],
    [targets, { target: () => {} }],
    [targets, { args: 'x' }],
    [targets, { name: 3 }],
    [targets, { daemon: 1 }],
    [targets, { stdio: 3 }],
    [targets, { execArgv: '--x' }],
    [targets, { signal: 3 }],
    [targets, { keep: 'yes' }],
  ]
  for (const [module, options] of wrong) {
    t.throws(() => new Process(module as never, options as never), { instanceOf: TypeError }, JSON.stringify(options))
  }
  t.throws(() => new Process(targets, { stdio: ['pipe', 'pipe', 'pipe', 'ipc'] }), { instanceOf: RangeError })
})

test('a call that a process can’t do in its state is a ProcessError', async (t) => {
  const [here, there] = pair(t)
  const worker = make(t, targets, { args: [there] })
  const expected = { instanceOf: ProcessError, code: 'ERR_CAROM_PROCESS' }
  await t.throwsAsync(() => worker.join(), expected)
  t.throws(() => worker.joinSync(), expected)
  t.throws(() => worker.terminate(), expected)
  t.throws(() => worker.sentinel, expected)
  await worker.start()
  await t.throwsAsync(() => worker.start(), expected)
  t.throws(() => worker.close(), expected)
  await here.close()
  await worker.join()
  worker.close()
  worker.close()
  t.throws(() => worker.sentinel, expected)
  await t.throwsAsync(() => worker.start(), expected)
  t.like(worker, { isAlive: false, exitCode: 0 })
  t.true(await worker.join())
})

test('wait tells of processes beside connections, and of their sentinels', async (t) => {
  const [here, there] = pair(t)
  const worker = make(t, targets, { args: [there] })
  await worker.start()
  t.deepEqual(await wait([worker, here, worker.sentinel], { timeout: 0 }), [])
  await here.send('x')
  t.deepEqual(await wait([worker, here, worker.sentinel]), [here])
  await here.recv()
  worker.kill()
  t.deepEqual(await wait([worker]), [worker])
  t.deepEqual(await wait([worker.sentinel]), [worker.sentinel])
  t.is(worker.signalCode, 'SIGKILL')
  // It stays so.
  t.deepEqual(await wait([worker]), [worker])
  t.deepEqual(waitSync([worker, worker.sentinel]), [worker, worker.sentinel])
})

test('waitSync tells of processes that end while it blocks', (t) => {
  const [here, there] = pair(t)
  const quick = make(t, targets, { target: 'exit', args: [3] })
  const slow = make(t, targets, { args: [there] })
  void quick.start()
  void slow.start()
  t.deepEqual(waitSync([slow, here, quick]), [quick])
  t.is(quick.exitCode, 3)
  t.true(slow.isAlive)
})

test('aborting the signal terminates the process', async (t) => {
  const [here, there] = pair(t)
  const controller = new AbortController()
  const worker = make(t, targets, { target: 'block', args: [there], signal: controller.signal })
  await worker.start()
  t.is(await here.recv(), 'about to block')
  controller.abort()
  t.true(await worker.join())
  t.is(worker.signalCode, 'SIGTERM')
})

test('a signal that is aborted during the start is what start rejects with', async (t) => {
  const reason = new Error('changed my mind')
  const controller = new AbortController()
  const worker = make(t, targets, { target: 'nothing', signal: controller.signal })
  const starting = worker.start()
  controller.abort(reason)
  t.is(await t.throwsAsync(starting), reason)
  t.is(await t.throwsAsync(() => make(t, targets, { signal: controller.signal }).start()), reason)
})

test('await using ends the process', async (t) => {
  const [here, there] = pair(t)
  {
    await using worker = new Process(targets, { args: [there] })
    await worker.start()
    t.true(worker.isAlive)
  }
  await t.throwsAsync(() => here.recv(), { instanceOf: EOFError })
  const [near, far] = pair(t)
  {
    using worker = new Process(targets, { args: [far] })
    void worker.start()
  }
  await t.throwsAsync(() => near.recv(), { instanceOf: EOFError })
})

test('a process that was never started, or ended long ago, can be disposed of', async (t) => {
  await using never = new Process(targets)
  using _ = new Process(targets)
  await using ended = new Process(targets, { target: 'nothing' })
  await ended.start()
  await ended.join()
  t.is(never.pid, undefined)
})
