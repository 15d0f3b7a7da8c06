import { type ChildProcess, execFile } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { BusyError, connect, ConnectionClosedError, EOFError, Listener, pipe, spawn } from 'carom'
import { fixture, startProgram } from './children.ts'
import { checkDescriptors } from './descriptors.ts'
import { PATIENCE } from './handshakes.ts'
import { type Interpreter, interpreters } from './interpreters.ts'
import { closeAfter, pair } from './pairs.ts'
import { until } from './until.ts'
import { patterned } from './wire.ts'

checkDescriptors(test)

let pythons: Interpreter[] = []

test.before('look for interpreters', async () => {
  pythons = await interpreters()
})

const root = fileURLToPath(new URL('../', import.meta.url))
const pythonFile = (name: string): string => fileURLToPath(new URL(`./python/${name}`, import.meta.url))
const register = process.execArgv

/** Kills the child when the test ends, if it still runs. */
function endAfter(t: ExecutionContext, child: ChildProcess): Promise<[number | null, string | null]> {
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>
  t.teardown(async () => {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await ended
  })
  return ended
}

async function output(child: ChildProcess): Promise<string> {
  let text = ''
  child.stdout!.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  await once(child, 'close')
  return text
}

test('every Python finds the connection as descriptor 3, for objects', async (t) => {
  for (const python of pythons) {
    const [here, there] = pair(t, { codec: 'pickle' })
    const child = spawn(python.path, [pythonFile('inherited.py')], { connections: [there], stdio: 'inherit' })
    const ended = endAfter(t, child)
    t.true(there.closed)
    for (const value of [null, 1, 'text', [1, { two: 2 }]]) {
      await here.send(value)
      t.deepEqual(await here.recv(), value, python.name)
    }
    await here.close()
    t.deepEqual(await ended, [0, null], python.name)
  }
})

test('Python receives and sends bytes over an inherited descriptor, to a parent that blocks', async (t) => {
  const [here, there] = pair(t)
  const child = spawn(pythons.at(-1)!.path, [pythonFile('inherited.py'), 'bytes'], {
    connections: [there],
    stdio: 'inherit',
  })
  const ended = endAfter(t, child)
  for (const [n, size] of [0, 1, 16_385, 1_000_000].entries()) {
    here.sendBytesSync(patterned(size, n))
    t.true(here.recvBytesSync().equals(patterned(size, n)))
  }
  await here.close()
  t.deepEqual(await ended, [0, null])
})

test('a Rust program on the core crate finds the connection as descriptor 3', async (t) => {
  await promisify(execFile)('cargo', ['build', '--quiet', '--locked', '--package', 'carom', '--example', 'inherited'], {
    cwd: root,
  })
  const [here, there] = pair(t)
  const child = spawn(`${root}target/debug/examples/inherited`, [], { connections: [there], stdio: 'inherit' })
  const ended = endAfter(t, child)
  for (const [n, size] of [0, 1, 16_385, 1_000_000].entries()) {
    const sending = here.sendBytes(patterned(size, n))
    t.true((await here.recvBytes()).equals(patterned(size, n)))
    await sending
  }
  await here.close()
  t.deepEqual(await ended, [0, null])
})

test('another Node finds the connection as descriptor 3, and the parent’s copy is closed', async (t) => {
  const [here, there] = pair(t)
  const child = spawn(process.execPath, [...register, fixture('echo.ts')], { connections: [there], stdio: 'inherit' })
  endAfter(t, child)
  t.throws(() => there.fd, { instanceOf: ConnectionClosedError })
  await here.send({ over: 'there' })
  t.deepEqual(await here.recv(), { over: 'there' })
  child.kill('SIGKILL')
  await t.throwsAsync(() => here.recv(), { instanceOf: EOFError })
})

test('several connections are descriptors 3, 4, … in their order', async (t) => {
  const pairs = [pair(t), pair(t), pair(t)] as const
  const program =
    'const fs = require("node:fs"); for (const fd of [3, 4, 5]) fs.writeSync(fd, Buffer.from([0, 0, 0, 1, 48 + fd]))'
  const child = spawn(process.execPath, ['-e', program], { connections: pairs.map(([, there]) => there) })
  endAfter(t, child)
  const received = await Promise.all(pairs.map(([here]) => here.recvBytes()))
  t.deepEqual(received.map(String), ['3', '4', '5'])
})

test('with keep, the parent’s copies stay open', async (t) => {
  const [here, there] = pair(t)
  const child = spawn(process.execPath, ['-e', ''], { connections: [there], keep: true })
  t.deepEqual(await endAfter(t, child), [0, null])
  t.false(there.closed)
  await there.send('still here')
  t.is(await here.recv(), 'still here')
})

test('a program that does not exist is an error event that says so, and the connections that were for it end', async (t) => {
  const [here, there] = pair(t)
  const child = spawn('/no/such/program', [], { connections: [there] })
  t.true(there.closed)
  const [error] = (await once(child, 'error')) as [NodeJS.ErrnoException]
  t.like(error, { code: 'ENOENT', path: '/no/such/program' })
  t.is(
    error.message,
    '/no/such/program: there is no such program, or the interpreter that its first line names is missing (ENOENT)',
  )
  await t.throwsAsync(() => here.recv(), { instanceOf: EOFError })
})

test('a program that can’t be started leaves connections open with keep, and listeners always', async (t) => {
  const [here, there] = pair(t)
  const listener = new Listener()
  t.teardown(() => listener.close())
  const child = spawn('/no/such/program', [], { connections: [there, listener], keep: true })
  await once(child, 'error')
  t.false(listener.closed)
  await there.send('mine')
  t.is(await here.recv(), 'mine')
})

test('a working directory that is missing, or none, is named as such', async (t) => {
  const wrong: [string, RegExp][] = [
    ['/no/such/directory', /^node: the working directory \/no\/such\/directory does not exist \(ENOENT\)$/],
    [fixture('echo.ts'), /^node: the working directory .*echo\.ts is no directory \(ENOTDIR\)$/],
  ]
  for (const [cwd, message] of wrong) {
    const [here, there] = pair(t)
    const error = await spawned('node', [], { connections: [there], cwd })
    t.regex(error.message, message)
    t.is(error.path, cwd)
    await t.throwsAsync(() => here.recv(), { instanceOf: EOFError })
  }
})

test('arguments that are too long are an error that says so, and the connections end', async (t) => {
  const [here, there] = pair(t)
  const error = await spawned('true', ['x'.repeat(8 * 1024 * 1024)], { connections: [there] })
  t.regex(error.message, /^true: its arguments and environment are too long \(E2BIG\)$/)
  await t.throwsAsync(() => here.recv(), { instanceOf: EOFError })
})

test('a program that can’t be started ends this process where no handler listens for the error, as in Node', async (t) => {
  const program = `import('carom').then(({ spawn }) => spawn('/no/such/program'))`
  const { code, stderr } = await startProgram(t, process.execPath, ['-e', program]).ended
  t.is(code, 1)
  t.regex(stderr, /Error: \/no\/such\/program: there is no such program/)
})

/** The error of a program that can't be started, whether it is thrown or an event. */
async function spawned(...how: Parameters<typeof spawn>): Promise<NodeJS.ErrnoException> {
  try {
    const [error] = (await once(spawn(...how), 'error')) as [NodeJS.ErrnoException]
    return error
  } catch (error) {
    return error as NodeJS.ErrnoException
  }
}

test('a connection that can’t be handed over is refused before anything is started', async (t) => {
  const [here, there] = pair(t)
  await here.send('unread')
  t.true(await there.poll(Infinity))
  t.throws(() => spawn('true', [], { connections: [there] }), { instanceOf: BusyError })
  t.is(await there.recv(), 'unread')

  const waiting = there.recv()
  t.throws(() => spawn('true', [], { connections: [there] }), { instanceOf: BusyError })
  await there.close()
  await t.throwsAsync(waiting, { instanceOf: ConnectionClosedError })
  t.throws(() => spawn('true', [], { connections: [there] }), { instanceOf: ConnectionClosedError })

  t.throws(() => spawn('true', [], { connections: ['x' as never] }), { instanceOf: TypeError, message: /Connection/ })
  t.throws(() => spawn('true', [], { connections: 3 as never }), { instanceOf: TypeError, message: /iterable/ })
  t.throws(() => spawn('true', [], { connections: [here], keep: 1 as never }), { instanceOf: TypeError })
  t.throws(() => spawn('true', [], { connections: [here], stdio: ['pipe', 'pipe', 'pipe', 'ipc'] }), {
    instanceOf: RangeError,
  })
  t.false(here.closed)
})

if (process.platform === 'linux') {
  test('a child gets the descriptors that it was given, blocking, and no others', async (t) => {
    const [here, there] = pair(t)
    // A connection that the event loop of the parent has served, which must not leave traces on the open file.
    const received = there.recv()
    await here.send('warm up')
    await received
    const [, other] = pair(t)
    const child = spawn(process.execPath, [...register, fixture('descriptors.ts')], { connections: [there, other] })
    endAfter(t, child)
    t.deepEqual(JSON.parse(await output(child)), { 3: true, 4: true })
  })
}

test('a listener is inherited as a listening socket, and goes on here too', async (t) => {
  const listener = new Listener({ host: '127.0.0.1', port: 0 })
  t.teardown(() => listener.close())
  const program = `
    const server = require('node:net').createServer((socket) => socket.end(Buffer.from('\\0\\0\\0\\5child')))
    server.listen({ fd: 3 })`
  const child = spawn(process.execPath, ['-e', program], { connections: [listener], stdio: 'inherit' })
  const ended = endAfter(t, child)
  const client = await connect(listener.address)
  closeAfter(t, client)
  t.is((await client.recvBytes()).toString(), 'child')
  child.kill()
  await ended
  const accepting = listener.accept()
  const second = await connect(listener.address)
  closeAfter(t, second)
  closeAfter(t, await accepting)
  t.pass()
})

test('Listener.fromFd listens on an inherited descriptor, with its own options', async (t) => {
  const [here, there] = pair(t)
  const listener = new Listener()
  t.teardown(() => listener.close())
  const program = `
    import { Connection, Listener } from 'carom'
    const report = Connection.fromFd(4)
    const listener = Listener.fromFd(3, { authkey: 'secret', codec: 'json' })
    await report.send(listener.address)
    const connection = await listener.accept()
    await connection.send({ from: 'the child' })
    await connection.close()
    await listener.close()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    connections: [listener, there],
    stdio: 'inherit',
    cwd: root,
  })
  const ended = endAfter(t, child)
  t.is(await here.recv(), listener.address)
  const client = await connect(listener.address, { authkey: 'secret', handshakeTimeout: PATIENCE, codec: 'json' })
  closeAfter(t, client)
  t.deepEqual(await client.recv(), { from: 'the child' })
  t.deepEqual(await ended, [0, null])
  // The child has closed its copy: the file is the parent's.
  const accepting = listener.accept()
  closeAfter(t, await connect(listener.address))
  closeAfter(t, await accepting)
})

test('the descriptors of a hundred children are all closed here', async (t) => {
  for (let n = 0; n < 10; n++) {
    const ends = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const [here, there] = pipe()
        const child = spawn('sleep', ['600'], { connections: [there] })
        child.kill('SIGKILL')
        await t.throwsAsync(() => here.recv(), { instanceOf: EOFError })
        await until(() => child.signalCode !== null, 'the child does not end')
        return here
      }),
    )
    for (const end of ends) await end.close()
  }
})

test('connections that are no list are refused by name', (t) => {
  for (const connections of [null, 3, {}])
    t.throws(() => spawn('true', [], { connections } as object), {
      instanceOf: TypeError,
      message: /^connections must be/,
    })
})
