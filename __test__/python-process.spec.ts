import { readSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { activeChildren, connect, EncodeError, Handle, Listener, pipe, Process, StartError } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { PATIENCE } from './handshakes.ts'
import { type Interpreter, interpreters } from './interpreters.ts'
import { pair } from './pairs.ts'

const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/python/${name}.py`, import.meta.url))
const TARGET = fixture('target')

const pythons: Interpreter[] = await interpreters()

checkDescriptors(test)

for (const { name, path: interpreter } of pythons) {
  test(`${name}: a function of a file is called, with a connection, and arguments by name`, async (t) => {
    const [here, there] = pair(t, { codec: 'pickle' })
    const args = [there, 21]
    const child = new Process(TARGET, { target: 'receiver', args, kwargs: { scale: 2 }, interpreter })
    await child.start()
    t.true(there.closed)
    t.true(activeChildren().includes(child as Process))
    await here.send('message')
    t.deepEqual(await here.recv(), [42, 'message', 'target', true])
    t.true(await child.join())
    t.is(child.exitCode, 0)
    t.false(activeChildren().includes(child as Process))
    child.close()
  })

  test(`${name}: a listener accepts there, although its descriptor is non-blocking`, async (t) => {
    const listener = new Listener(undefined, { codec: 'pickle', authkey: 'key', handshakeTimeout: PATIENCE })
    await using child = new Process(TARGET, { target: 'accepts', args: [listener], interpreter })
    await child.start()
    const connection = await connect(listener.address, { codec: 'pickle', authkey: 'key', handshakeTimeout: PATIENCE })
    t.deepEqual(await connection.recv(), ['hello', 'Listener'])
    await connection.close()
    await child.join()
    t.is(child.exitCode, 0)
    await listener.close()
  })

  test(`${name}: an error in the file is a StartError with Python's traceback`, async (t) => {
    const missing = new Process(TARGET, { target: 'nowhere', interpreter })
    await t.throwsAsync(missing.start(), {
      instanceOf: StartError,
      message: /find the function 'nowhere'.*receiver, accepts/,
    })
    const refused = new Process(fixture('unimportable'), { target: 'f', interpreter })
    const error = await t.throwsAsync(refused.start(), { instanceOf: StartError, message: /not to be had/ })
    const { name: type, stack } = error!.cause as Error
    t.is(type, 'ImportError')
    t.regex(stack!, /^Traceback[^]*unimportable\.py", line 1/)
    const malformed = new Process(fixture('malformed'), { target: 'f', interpreter })
    await t.throwsAsync(malformed.start(), { instanceOf: StartError, message: /invalid syntax|SyntaxError/ })
    for (const child of [missing, refused, malformed]) {
      await child.join().catch(() => {})
      t.is(child.exitCode, 1)
      child.close()
    }
  })
}

const interpreter = pythons.at(-1)!.path

test('an async function is run to its end', async (t) => {
  const [here, there] = pair(t, { codec: 'pickle' })
  await using child = new Process(TARGET, { target: 'awaited', args: [there], interpreter })
  await child.start()
  t.is(await here.recv(), 'awaited')
  await child.join()
  t.is(child.exitCode, 0)
})

test('a connection that is there twice is one object', async (t) => {
  const [here, there] = pair(t, { codec: 'pickle' })
  await using child = new Process(TARGET, { target: 'twice', args: [[there, there]], interpreter })
  await child.start()
  t.true(await here.recv())
  await child.join()
})

test('a Handle is the number of a descriptor', async (t) => {
  const [here, there] = pair(t)
  const fd = there.detach()
  const handle = new Handle(fd)
  const child = new Process(TARGET, { target: 'writes_to', args: [handle], interpreter })
  await child.start()
  await child.join()
  t.is(child.exitCode, 0)
  const number = here.detach()
  const bytes = Buffer.alloc(100)
  t.is(bytes.toString('utf8', 0, readSync(number, bytes)), 'through a handle')
  handle.close()
  new Handle(number).close()
  child.close()
})

test('a URL, and a file of any name with an interpreter, are Python’s', async (t) => {
  const [here, there] = pair(t, { codec: 'pickle' })
  const url = new URL('./fixtures/python/target.py', import.meta.url)
  await using child = new Process(url, { target: 'awaited', args: [there], interpreter: [interpreter, '-X', 'utf8'] })
  await child.start()
  t.is(await here.recv(), 'awaited')
  await child.join()
})

test('print goes to standard output, and an exception’s traceback to standard error', async (t) => {
  const printing = new Process(TARGET, { target: 'prints', interpreter, stdio: 'pipe' })
  await printing.start()
  t.is(await text(printing.stdout!), `a line${process.platform === 'win32' ? '\r' : ''}\n`)
  await printing.join()
  printing.close()
  const failing = new Process(TARGET, { target: 'fails', interpreter, stdio: 'pipe' })
  await failing.start()
  const said = await text(failing.stderr!)
  await failing.join()
  t.is(failing.exitCode, 1)
  t.regex(said, /^Traceback[^]*target\.py[^]*ValueError: no\n$/)
  t.notRegex(said, /carom/)
  failing.close()
})

test('the end of the stream is seen in Python when its parent closes', async (t) => {
  const [here, there] = pair(t, { codec: 'pickle' })
  await using child = new Process(TARGET, { target: 'reads_to_its_end', args: [there], interpreter })
  await child.start()
  await here.close()
  await child.join()
  t.is(child.exitCode, 0)
})

test('where there is no interpreter, start rejects with a StartError that names it', async (t) => {
  const child = new Process(TARGET, { target: 'prints', interpreter: 'no-such-python' })
  await t.throwsAsync(child.start(), { instanceOf: StartError, message: /no-such-python/ })
})

test('where the interpreter is none, start says so', async (t) => {
  const child = new Process(TARGET, { target: 'nowhere', interpreter: 'true' })
  await t.throwsAsync(child.start(), { instanceOf: StartError, message: /exited with 0 .*true is no Python/ })
  await t.throwsAsync(child.join(), { instanceOf: StartError })
  child.close()
})

test('where a command that finds the interpreter finds none, start names the whole command', async (t) => {
  const child = new Process(TARGET, { target: 'nowhere', interpreter: ['env', 'true'] })
  await t.throwsAsync(child.start(), { instanceOf: StartError, message: /exited with 0 .*env true is no Python/ })
  await t.throwsAsync(child.join(), { instanceOf: StartError })
  child.close()
})

test('where there is no file, start rejects with a StartError that names it', async (t) => {
  const child = new Process('/no/such/file.py', { target: 'f', interpreter })
  await t.throwsAsync(child.start(), { instanceOf: StartError, message: /import \/no\/such\/file\.py/ })
  await child.join().catch(() => {})
  child.close()
})

test('a connection of another codec is refused before anything is started', async (t) => {
  const [, there] = pair(t)
  const child = new Process(TARGET, { target: 'receiver', args: [there, 1], interpreter })
  await t.throwsAsync(child.start(), { instanceOf: EncodeError, message: /: args\[\d\]: .*'pickle'/ })
  t.false(there.closed)
})

test('wrong options are refused, and the error says for which kind of module they are', (t) => {
  const make = (module: string, options: object) => () => new Process(module, options)
  t.throws(make('worker.js', { kwargs: {} }), { instanceOf: TypeError, message: /kwargs is for a Python module/ })
  t.throws(make('worker.js', { threads: 2 }), { instanceOf: TypeError, message: /threads is for a Python module/ })
  t.throws(make('w.py', {}), { instanceOf: TypeError, message: /target/ })
  t.throws(make('w.py', { target: 'f', threads: 2 }), { instanceOf: TypeError, message: /serve: true/ })
  t.throws(make('w.py', { serve: true, target: 'f' }), { instanceOf: TypeError, message: /takes no target/ })
  t.throws(make('w.py', { serve: true, args: [] }), { instanceOf: TypeError, message: /takes no args/ })
  t.throws(make('w.py', { serve: true, threads: 0 }), { instanceOf: RangeError, message: /threads/ })
  t.throws(make('w.py', { target: 'f', interpreter: [] }), { instanceOf: TypeError, message: /interpreter/ })
  t.throws(() => new Process(new URL('https://example.com/w.py'), { target: 'f' }), { message: /file:/ })
})

async function text(stream: AsyncIterable<Buffer | string>): Promise<string> {
  let all = ''
  for await (const chunk of stream) all += String(chunk)
  return all
}

test('both ends of a pipe may be Python’s', async (t) => {
  const [a, b] = pipe({ codec: 'pickle' })
  await using sender = new Process(TARGET, { target: 'awaited', args: [a], interpreter })
  await using receiver = new Process(TARGET, { target: 'receiver', args: [b, 1], interpreter, stdio: 'ignore' })
  await sender.start()
  await receiver.start()
  await Promise.all([sender.join(), receiver.join()])
  t.is(sender.exitCode, 0)
})
