import { existsSync, readFileSync, renameSync, statSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import test from 'ava'
import { connect, EOFError, Listener, SystemError } from 'carom'
import { startChild, untilPrinted } from './children.ts'
import { checkDescriptors } from './descriptors.ts'
import { KEYED } from './handshakes.ts'
import { connected, freshPath, listen, OWN_HOST, temporaryDirectory } from './listeners.ts'

checkDescriptors(test)

const permissions = (path: string): number => statSync(path).mode & 0o7777

test('a private address is a file of mode 0600 in a directory of mode 0700', (t) => {
  const address = listen(t).address as string
  t.is(permissions(address), 0o600)
  t.is(permissions(dirname(address)), 0o700)
})

test('a private address’s file and directory are gone when close returns', (t) => {
  const listener = listen(t)
  const address = listener.address as string
  void listener.close()
  t.false(existsSync(dirname(address)))
})

test('a socket file is the owner’s only, unless mode says otherwise', (t) => {
  const [first, second, third] = [freshPath(t), freshPath(t), freshPath(t)]
  listen(t, first)
  t.is(permissions(first), 0o600)
  listen(t, second, { mode: 0o660 })
  t.is(permissions(second), 0o660)
  // The mode is the same under every umask.
  listen(t, third, { mode: 0o777 })
  t.is(permissions(third), 0o777)
})

test('making a listener leaves the process’s umask alone', (t) => {
  const before = process.umask()
  listen(t, freshPath(t), { mode: 0o666 })
  t.is(process.umask(), before)
})

test('a socket file is gone when close returns', (t) => {
  const path = freshPath(t)
  const listener = listen(t, path)
  t.true(existsSync(path))
  void listener.close()
  t.false(existsSync(path))
})

test('a socket file that is gone already is no error of close', async (t) => {
  const path = freshPath(t)
  const listener = listen(t, path)
  unlinkSync(path)
  await t.notThrowsAsync(() => listener.close())
})

test('a file that another program has put in the socket’s place stays there', async (t) => {
  const path = freshPath(t)
  const listener = listen(t, path)
  unlinkSync(path)
  writeFileSync(path, 'somebody’s')
  await listener.close()
  t.is(readFileSync(path, 'utf8'), 'somebody’s')
})

test('the socket of a listener that took the place stays, and is reached', async (t) => {
  const path = freshPath(t)
  const first = listen(t, path)
  unlinkSync(path)
  const second = listen(t, path)
  await first.close()
  await connected(t, second)
  await second.close()
  t.false(existsSync(path))
})

test('a socket file that was moved away stays', async (t) => {
  const path = freshPath(t)
  const listener = listen(t, path)
  renameSync(path, `${path}.moved`)
  await listener.close()
  t.true(existsSync(`${path}.moved`))
})

test('a relative path’s file is removed though the current directory has changed', async (t) => {
  const directory = temporaryDirectory(t)
  const child = startChild(t, 'listen-and-end.ts', { args: [join(directory, 'socket'), 'chdir'] })
  t.is((await child.ended).code, 0)
  t.false(existsSync(join(directory, 'socket')))
})

for (const [how, ends] of [
  ['end', 'ends normally'],
  ['exit', 'calls process.exit'],
  ['exit-while-accepting', 'calls process.exit while an accept is pending'],
  ['throw', 'ends by an uncaught exception'],
  ['reject', 'ends by an unhandled rejection'],
] as const) {
  test(`a socket file is removed when its process ${ends}`, async (t) => {
    const path = freshPath(t)
    const child = startChild(t, 'listen-and-end.ts', { args: [path, how] })
    const { code, stdout, stderr } = await child.ended
    const [privateAddress] = stdout.split('\n')
    t.is(code, { end: 0, exit: 3, 'exit-while-accepting': 3, throw: 1, reject: 1 }[how])
    // A pending accept doesn't reject: that would be one more error.
    t.notRegex(stderr, /listener is closed/)
    t.false(existsSync(path))
    t.truthy(privateAddress)
    t.false(existsSync(dirname(privateAddress!)), privateAddress)
  })
}

test.serial('a socket file is removed when its worker is terminated, or ends', async (t) => {
  for (const scenario of ['terminate', 'terminate-while-accepting', 'terminate-in-accept-sync', 'end']) {
    const path = freshPath(t)
    const worker = new Worker(new URL('./fixtures/listening-worker.ts', import.meta.url), {
      workerData: { path, scenario },
    })
    // Both listeners are added at once: a busy thread gets the message and the end in one go.
    const exited = once(worker, 'exit')
    const [privateAddress] = (await once(worker, 'message')) as [string]
    if (scenario !== 'end') await worker.terminate()
    await exited
    t.false(existsSync(path), scenario)
    t.false(existsSync(dirname(privateAddress)), scenario)
  }
})

test.serial('peers that a terminated worker has let in, and not accepted, see the end of the stream', async (t) => {
  const path = freshPath(t)
  const worker = new Worker(new URL('./fixtures/listening-worker.ts', import.meta.url), {
    workerData: { path, scenario: 'terminate-with-admitted' },
  })
  const [privateAddress] = (await once(worker, 'message')) as [string]
  const admitted = once(worker, 'message')
  const clients = await Promise.all([connect(path, KEYED), connect(privateAddress)])
  t.deepEqual(await admitted, ['admitted'])
  await worker.terminate()
  for (const client of clients) {
    await t.throwsAsync(client.recv(), { instanceOf: EOFError })
    await client.close()
  }
})

test.serial('a listener in a worker serves its clients', async (t) => {
  const path = freshPath(t)
  const worker = new Worker(new URL('./fixtures/listening-worker.ts', import.meta.url), {
    workerData: { path, scenario: 'serve' },
  })
  const exited = once(worker, 'exit')
  await once(worker, 'message')
  for (let n = 0; n < 10; n++) {
    const client = await connect(path, KEYED)
    await client.send(n)
    t.is(await client.recv(), n)
    await client.close()
  }
  t.deepEqual(await exited, [0])
  t.false(existsSync(path))
})

test('a stale socket file is EADDRINUSE, the error says so, and the file stays', async (t) => {
  const path = freshPath(t)
  const child = startChild(t, 'listen-and-end.ts', { args: [path, 'stay'] })
  await untilPrinted(child, 'listening')
  child.process.kill('SIGKILL')
  await child.ended
  t.true(existsSync(path))
  const error = t.throws(() => new Listener(path), { instanceOf: SystemError, code: 'EADDRINUSE' })
  t.regex(error?.message ?? '', /nobody listens/)
  t.true(error?.message.includes(path))
  t.true(existsSync(path))
  // The way out that the message tells.
  unlinkSync(path)
  await connected(t, listen(t, path))
})

test('a socket file with a listener behind it is EADDRINUSE, and is not called stale', async (t) => {
  const path = freshPath(t)
  const listener = listen(t, path)
  const error = t.throws(() => new Listener(path), { instanceOf: SystemError, code: 'EADDRINUSE' })
  t.notRegex(error?.message ?? '', /nobody/)
  t.like(error, { syscall: 'bind', address: path })
  t.true((error?.errno ?? 0) < 0)
  await connected(t, listener)
  // Nobody but that client has been there.
  t.is(listener.lastAccepted, '')
})

test('a socket of another program is not called stale either', async (t) => {
  const path = freshPath(t)
  const server = createServer().listen(path)
  await once(server, 'listening')
  t.teardown(() => server.close())
  const error = t.throws(() => new Listener(path), { code: 'EADDRINUSE' })
  t.notRegex(error?.message ?? '', /nobody/)
})

test('a file that is no socket is EADDRINUSE, the error says so, and the file stays', (t) => {
  const path = freshPath(t)
  writeFileSync(path, 'precious')
  const error = t.throws(() => new Listener(path), { code: 'EADDRINUSE' })
  t.regex(error?.message ?? '', /no socket/)
  t.is(readFileSync(path, 'utf8'), 'precious')
})

test('a link that leads nowhere is EADDRINUSE, and its target is not made', (t) => {
  const path = freshPath(t)
  symlinkSync(`${path}.target`, path)
  t.throws(() => new Listener(path), { code: 'EADDRINUSE' })
  t.false(existsSync(`${path}.target`))
})

test('a directory that is missing is ENOENT', (t) => {
  const path = join(freshPath(t), 'socket')
  const error = t.throws(() => new Listener(path), { instanceOf: SystemError, code: 'ENOENT' })
  t.true(error?.message.includes(path))
})

test('a TCP port with a listener is EADDRINUSE', (t) => {
  const { address } = listen(t, { host: '127.0.0.1', port: 0 })
  t.like(
    t.throws(() => new Listener(address), { instanceOf: SystemError }),
    { code: 'EADDRINUSE', syscall: 'bind' },
  )
})

test('a TCP port is free again at once, though connections to it were just closed', async (t) => {
  const first = listen(t, { host: OWN_HOST, port: 0 })
  const { address } = first
  const [client, server] = await connected(t, first)
  await server.close()
  await client.close()
  await first.close()
  await t.notThrowsAsync(connected(t, listen(t, address)))
})
