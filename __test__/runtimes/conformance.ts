// The main behaviours, as a program for any runtime: no test runner, no compiler. It prints a line of JSON for each, and
// exits with 1 when one does not hold. Run by `npm run test:runtimes` where carom is installed, beside `peer.ts`.

import assert from 'node:assert/strict'
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { connect, connectSync, Connection, EOFError, Listener, pipe, spawn as spawnWith, wait, waitSync } from 'carom'
import { kinds, structuredValues } from './structured-values.ts'

/** How long a behaviour may take until it counts as a failure, in milliseconds. */
const PATIENCE = 60_000

const peer = fileURLToPath(new URL('peer.ts', import.meta.url))
const values = [null, 0, 'text', [1, { two: 2 }], new Map([['key', new Date(5)]]), 2n ** 70n, Uint8Array.of(1, 2, 3)]
const folder = mkdtempSync(join(tmpdir(), 'carom-conformance-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

/** An address for what only this machine can reach. */
const local = (name: string): string =>
  process.platform === 'win32' ? String.raw`\\.\pipe\carom-conformance-${process.pid}-${name}` : join(folder, name)

/** Bytes that differ from place to place. */
function patterned(size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size)
  for (let at = 0; at < size; at += 4096) bytes.fill((at / 4096) % 251, at, Math.min(at + 4096, size))
  return bytes
}

/** A process of this runtime that echoes what comes to its descriptor 3, asynchronously or synchronously. */
function startPeer(end: Connection, mode: 'async' | 'sync'): ChildProcess {
  // The arguments with which this program was started, for a runtime that wants some.
  const given = process.env['CAROM_RUNTIME_ARGUMENTS']
  const before = given === undefined ? process.execArgv : (JSON.parse(given) as string[])
  return spawnWith(process.execPath, [...before, peer, mode], { connections: [end], stdio: 'inherit' })
}

const ended = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  assert.deepEqual([child.exitCode, child.signalCode], [0, null])
}

const eof = { code: 'ERR_CAROM_EOF' }

const behaviours: Record<string, () => void | Promise<void>> = {
  async 'objects go through a pipe, asynchronously'() {
    const [a, b] = pipe()
    for (const value of values) {
      await a.send(value)
      assert.deepEqual(await b.recv(), value)
    }
    await Promise.all([a.close(), b.close()])
  },

  async 'objects go through a pipe, synchronously'() {
    const [a, b] = pipe()
    for (const value of values) {
      b.sendSync(value)
      assert.deepEqual(a.recvSync(), value)
    }
    await Promise.all([a.close(), b.close()])
  },

  async 'a value of every type stays what it is'() {
    const [a, b] = pipe()
    // From the second time on by code for its shapes, which the first ones have had made.
    for (let round = 0; round < 20; round++) {
      for (const [title, value] of structuredValues()) {
        const sending = a.send(value)
        const received = await b.recv()
        await sending
        assert.deepStrictEqual(received, value, title)
        assert.deepEqual(kinds(received), kinds(value), title)
      }
    }
    await Promise.all([a.close(), b.close()])
  },

  async 'bytes arrive as they were sent, also into a buffer of the caller'() {
    const [a, b] = pipe()
    const room = Buffer.alloc(20)
    await a.sendBytes(Buffer.from('0123456789'), 2, 3)
    assert.equal((await b.recvBytes()).toString(), '234')
    a.sendBytesSync(Buffer.from('into'))
    assert.equal(await b.recvBytesInto(room, 5), 4)
    assert.equal(room.toString('latin1', 5, 9), 'into')
    await a.sendBytes(new Uint8Array(0))
    assert.equal(b.recvBytesSync().length, 0)
    await Promise.all([a.close(), b.close()])
  },

  async 'ten thousand messages sent at once arrive in order'() {
    const [a, b] = pipe()
    const sending = (async () => {
      for (let n = 0; n < 10_000; n++) await a.send(n)
      await a.close()
    })()
    let expected = 0
    for await (const received of b) assert.equal(received, expected++)
    assert.equal(expected, 10_000)
    await sending
    await b.close()
  },

  async 'a thousand round trips, each of which waits for the event loop'() {
    const [a, b] = pipe()
    const echo = (async () => {
      for await (const message of b) await b.send(message)
    })()
    for (let n = 0; n < 1000; n++) {
      await a.send(n)
      assert.equal(await a.recv(), n)
    }
    await a.close()
    await echo
    await b.close()
  },

  async 'messages of 32 MiB go both ways at once'() {
    const [a, b] = pipe()
    const message = patterned(32 * 1024 * 1024)
    const sends = [a.sendBytes(message), b.sendBytes(message)]
    const [atA, atB] = await Promise.all([a.recvBytes(), b.recvBytes()])
    assert(atA.equals(message))
    assert(atB.equals(message))
    await Promise.all(sends)
    await Promise.all([a.close(), b.close()])
  },

  async 'a sender waits for a receiver that does not read'() {
    const [a, b] = pipe()
    let sent = 0
    const sending = (async () => {
      for (; sent < 200; sent++) await a.sendBytes(Buffer.alloc(50_000))
      await a.close()
    })()
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert(sent < 200, 'everything was sent at once')
    let received = 0
    for await (const message of b.bytes()) received += message.length
    assert.equal(received, 200 * 50_000)
    await sending
    await b.close()
  },

  async 'poll says whether something is there, within its time'() {
    const [a, b] = pipe()
    assert.equal(b.pollSync(0), false)
    assert.equal(await b.poll(0.02), false)
    const polled = b.poll(Infinity)
    await a.send('something')
    assert.equal(await polled, true)
    assert.equal(b.pollSync(Infinity), true)
    assert.equal(b.tryRecv(), 'something')
    assert.equal(b.tryRecv(), undefined)
    await Promise.all([a.close(), b.close()])
  },

  async 'wait gives those of many connections that are ready'() {
    const pairs = Array.from({ length: 50 }, () => pipe())
    const ends = pairs.map(([, b]) => b)
    assert.deepEqual(await wait(ends, { timeout: 0.01 }), [])
    for (const n of [7, 3, 49]) {
      const waiting = wait(ends)
      await pairs[n]![0].send(n)
      assert.deepEqual(await waiting, [ends[n]])
      assert.deepEqual(waitSync(ends), [ends[n]])
      assert.equal(await ends[n]!.recv(), n)
    }
    await Promise.all(pairs.flat().map((end) => end.close()))
  },

  async 'an aborted receive takes nothing'() {
    const [a, b] = pipe()
    const controller = new AbortController()
    const aborted = b.recv({ signal: controller.signal })
    setImmediate(() => controller.abort(new Error('enough')))
    await assert.rejects(aborted, /enough/)
    await a.send('for the next')
    assert.equal(await b.recv(), 'for the next')
    await assert.rejects(b.recv({ signal: AbortSignal.timeout(5) }), { name: 'TimeoutError' })
    await Promise.all([a.close(), b.close()])
  },

  async 'a peer that closes ends the stream, after what it sent'() {
    const [a, b] = pipe()
    await a.send('last words')
    await a.close()
    assert.equal(await b.recv(), 'last words')
    await assert.rejects(b.recv(), eof)
    assert.throws(
      () => b.recvSync(),
      (error: unknown) => error instanceof EOFError,
    )
    await b.close()
  },

  async 'a peer that closes wakes a pending receive'() {
    const [a, b] = pipe()
    const pending = b.recv()
    setImmediate(() => void a.close())
    await assert.rejects(pending, eof)
    await b.close()
  },

  async 'a closed connection rejects what is pending and what is called later'() {
    const [a, b] = pipe()
    const pending = b.recv()
    void b.close()
    await assert.rejects(pending, { code: 'ERR_CAROM_CONNECTION_CLOSED' })
    await assert.rejects(b.send(1), { code: 'ERR_CAROM_CONNECTION_CLOSED' })
    assert.throws(() => b.recvSync(), { code: 'ERR_CAROM_CONNECTION_CLOSED' })
    await a.close()
  },

  async 'a connection moves by its descriptor'() {
    const [a, b] = pipe()
    const moved = Connection.fromFd(b.detach())
    await a.send('moved')
    assert.equal(await moved.recv(), 'moved')
    await Promise.all([a.close(), moved.close()])
  },
  ...childBehaviours(),

  async 'a listener accepts peers that know the key, over a Unix socket or a named pipe'() {
    const listener = new Listener(local('listener.sock'), { authkey: 'secret' })
    const failures: string[] = []
    listener.on('authenticationFailure', (error) => failures.push(error.name))
    const accepting = listener.accept()
    await assert.rejects(connect(listener.address, { authkey: 'wrong' }), { code: 'ERR_CAROM_AUTHENTICATION' })
    const [client, server] = await Promise.all([connect(listener.address, { authkey: 'secret' }), accepting])
    await client.send({ hello: 'server' })
    assert.deepEqual(await server.recv(), { hello: 'server' })
    server.sendSync('and back')
    assert.equal(client.recvSync(), 'and back')
    await Promise.all([client.close(), server.close()])
    await listener.close()
    assert.deepEqual(failures, ['AuthenticationError'])
  },

  async 'a listener accepts one after the other, over TCP'() {
    const listener = new Listener({ host: '127.0.0.1', port: 0 })
    const serving = (async () => {
      let served = 0
      for await (const connection of listener) {
        await connection.send(await connection.recv())
        await connection.close()
        if (++served === 5) break
      }
    })()
    for (let n = 0; n < 5; n++) {
      const client = await connect(listener.address)
      await client.send(n)
      assert.equal(await client.recv(), n)
      await client.close()
    }
    await serving
    await listener.close()
  },

  async 'connectSync reaches a listener whose event loop is blocked'() {
    const listener = new Listener(local('sync.sock'))
    const client = connectSync(listener.address)
    const server = listener.acceptSync()
    client.sendSync(1)
    assert.equal(server.recvSync(), 1)
    await Promise.all([client.close(), server.close()])
    await listener.close()
  },

  async 'worker threads have connections of their own'() {
    const workers = Array.from({ length: 4 }, () => {
      const [near, far] = pipe()
      const worker = new Worker(new URL('peer.ts', import.meta.url), { workerData: { fd: far.detach() } })
      return { near, worker, exit: once(worker, 'exit') }
    })
    const message = patterned(1024 * 1024)
    await Promise.all(
      workers.map(async ({ near }, n) => {
        for (let i = 0; i < 100; i++) {
          await near.send({ n, i })
          assert.deepEqual(await near.recv(), { n, i })
        }
        const sending = near.sendBytes(message)
        assert((await near.recvBytes()).equals(message))
        await sending
        await near.close()
      }),
    )
    for (const { exit } of workers) assert.deepEqual(await exit, [0])
  },

  async 'a worker that is terminated in the middle of a receive closes its connections'() {
    for (let n = 0; n < 5; n++) {
      const [near, far] = pipe()
      const worker = new Worker(new URL('peer.ts', import.meta.url), { workerData: { fd: far.detach() } })
      await near.send('are you there?')
      assert.equal(await near.recv(), 'are you there?')
      await worker.terminate()
      await assert.rejects(near.recv(), eof)
      await near.close()
    }
  },

  async 'workers that have ended leave no descriptor open'() {
    const before = openDescriptors()
    for (let n = 0; n < 8; n++) {
      const [near, far] = pipe()
      const worker = new Worker(new URL('peer.ts', import.meta.url), { workerData: { fd: far.detach() } })
      const exit = once(worker, 'exit')
      await near.send(n)
      assert.equal(await near.recv(), n)
      await near.close()
      assert.deepEqual(await exit, [0])
    }
    await expectFewerMore(before, 8)
  },

  async 'what is closed leaves no descriptor open'() {
    const before = openDescriptors()
    const listener = new Listener(local('many.sock'))
    for (let n = 0; n < 50; n++) {
      const [client, server] = await Promise.all([connect(listener.address), listener.accept()])
      const [a, b] = pipe()
      await a.send(n)
      await b.recv()
      await Promise.all([client, server, a, b].map((each) => each.close()))
    }
    await listener.close()
    await expectFewerMore(before, 20)
  },

  async 'a Python peer exchanges pickles by its standard library'() {
    const python = spawnablePython()
    if (!python) throw new Skipped('no Python')
    const listener = new Listener(local('python.sock'), { authkey: 'secret', codec: 'pickle' })
    const script = `
from multiprocessing.connection import Client
import sys
with Client(sys.argv[1], authkey=b'secret') as connection:
    connection.send({'x': 12, 'y': [1.5, None, 'text', b'bytes', 2**70]})
    connection.send(connection.recv())
`
    // Under Wine, a Python that inherits a file as one of the three does not start.
    const child = spawn(python, ['-c', script, String(listener.address)], { stdio: 'pipe' })
    child.stderr.pipe(process.stderr)
    const connection = await listener.accept()
    const sent = (await connection.recv()) as { x: number; y: unknown[] }
    assert.equal(sent.x, 12)
    assert.deepEqual(sent.y.slice(0, 3), [1.5, null, 'text'])
    await connection.send(['back', 1n << 80n])
    assert.deepEqual(await connection.recv(), ['back', 1n << 80n])
    await assert.rejects(connection.recv(), eof)
    await connection.close()
    await listener.close()
    await ended(child)
  },

  async 'a process whose connections are closed, or are all unreferenced, ends'() {
    const code = "import { pipe } from 'carom'; const [a, b] = pipe(); b.unref(); void b.recv(); globalThis.kept = a"
    const child = spawn(process.execPath, inline(code), { cwd: fileURLToPath(new URL('.', import.meta.url)) })
    await ended(child)
  },

  async 'Deno without permissions gets an error that names those that carom wants'() {
    if (!('Deno' in globalThis)) throw new Skipped('only Deno has permissions')
    // Deno gives all its permissions to a child that it can tell is Deno, so a shell stands between.
    const child = spawn('sh', ['-c', 'exec "$DENO" run --no-prompt "$PEER"'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, DENO: process.execPath, PEER: peer },
    })
    let complaint = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
    await once(child, 'close')
    assert.match(complaint, /--allow-ffi, --allow-env and --allow-read/)
  },

  async 'what was sent before process.exit arrives'() {
    const [near, far] = pipe()
    const code =
      "import { Connection } from 'carom'; const c = Connection.fromFd(3);" +
      'for (let n = 0; n < 100; n++) void c.send(n); process.exit(0)'
    const cwd = fileURLToPath(new URL('.', import.meta.url))
    const child = spawnWith(process.execPath, inline(code), { cwd, connections: [far], stdio: 'inherit' })
    for (let n = 0; n < 100; n++) assert.equal(await near.recv(), n)
    await assert.rejects(near.recv(), eof)
    await near.close()
    await ended(child)
  },
}

function inline(code: string): string[] {
  if ('Deno' in globalThis) return ['eval', code]
  return 'Bun' in globalThis ? ['-e', code] : ['--input-type=module', '--eval', code]
}

function childBehaviours(): Record<string, () => Promise<void>> {
  const modes = ['async', 'sync'] as const
  return Object.fromEntries(
    modes.flatMap((mode) => [
      [
        `objects and bytes go to a child that is ${mode}, and back`,
        async () => {
          const [near, far] = pipe()
          const child = startPeer(far, mode)
          for (const value of values) {
            await near.send(value)
            assert.deepEqual(await near.recv(), value)
          }
          for (const size of [0, 1, 70_000, 5_000_000]) {
            const sending = near.sendBytes(patterned(size))
            assert((await near.recvBytes()).equals(patterned(size)))
            await sending
          }
          await near.close()
          await ended(child)
        },
      ],
      [
        `objects and bytes go to a child that is ${mode}, and back, by a parent that blocks`,
        async () => {
          const [near, far] = pipe()
          const child = startPeer(far, mode)
          for (const value of values) {
            near.sendSync(value)
            assert.deepEqual(near.recvSync(), value)
          }
          near.sendBytesSync(patterned(5_000_000))
          assert(near.recvBytesSync().equals(patterned(5_000_000)))
          await near.close()
          await ended(child)
        },
      ],
    ]),
  )
}

class Skipped extends Error {}

function spawnablePython(): string | undefined {
  // On Windows it has no number in its name.
  const name = process.platform === 'win32' ? 'python' : 'python3'
  try {
    execFileSync(name, ['--version'], { stdio: 'ignore' })
    return name
  } catch {
    return undefined
  }
}

/** How many descriptors this process has open. */
function openDescriptors(): number {
  if (process.platform !== 'linux') throw new Skipped('only Linux shows which descriptors are open')
  return readdirSync('/proc/self/fd').length
}

/** The runtime opens and closes descriptors of its own at any time: fewer than `many` of them don't count. */
async function expectFewerMore(before: number, many: number): Promise<void> {
  const deadline = performance.now() + 5000
  while (openDescriptors() >= before + many && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 10))
  assert(openDescriptors() < before + many, `${openDescriptors() - before} more descriptors are open than before`)
}

async function timely(behaviour: () => void | Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it takes more than ${PATIENCE / 1000} s`)), PATIENCE)
  })
  try {
    await Promise.race([behaviour(), late])
  } finally {
    clearTimeout(timer)
  }
}

const only = process.argv[2]
let failures = 0
for (const [title, behaviour] of Object.entries(behaviours)) {
  if (only && !title.includes(only)) continue
  let outcome: 'passed' | 'failed' | 'skipped' = 'passed'
  let reason: string | undefined
  try {
    await timely(behaviour)
  } catch (error) {
    outcome = error instanceof Skipped ? 'skipped' : 'failed'
    reason = error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
  if (outcome === 'failed') failures++
  console.log(JSON.stringify({ title, outcome, reason }))
}
// Set rather than called: the test includes whether the runtime ends by itself.
process.exitCode = failures > 0 ? 1 : 0
