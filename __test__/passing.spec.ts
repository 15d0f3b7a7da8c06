import { closeSync, fstatSync, openSync, readFileSync, readSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import {
  BusyError,
  connect,
  type Connection,
  ConnectionClosedError,
  DecodeError,
  EncodeError,
  EOFError,
  Handle,
  Listener,
  MessageTooLongError,
  pipe,
  Process,
  ProtocolError,
  spawn,
} from 'carom'
import { checkDescriptors, openDescriptors } from './descriptors.ts'
import { type Interpreter, interpreters } from './interpreters.ts'
import { closeAfter, pair } from './pairs.ts'
import { until } from './until.ts'
import { patterned } from './wire.ts'

checkDescriptors(test)

let pythons: Interpreter[] = []

test.before('look for interpreters', async () => {
  pythons = await interpreters()
})

test('a connection in a value arrives as a working one, and is closed here', async (t) => {
  const [a, b] = pair(t)
  const [here, there] = pair(t)
  await a.send({ reply: there, text: 'use it' })
  t.true(there.closed)
  t.throws(() => there.fd, { instanceOf: ConnectionClosedError })
  const { reply, text } = (await b.recv()) as { reply: Connection; text: string }
  closeAfter(t, reply)
  t.is(text, 'use it')
  await reply.send('thank you')
  t.is(await here.recv(), 'thank you')
  await here.send('welcome')
  t.is(await reply.recv(), 'welcome')
  await reply.close()
  await t.throwsAsync(() => here.recv(), { instanceOf: EOFError })
})

test('sync and async, several in a message, at any depth, in order with the data', async (t) => {
  const [a, b] = pair(t)
  for (const sync of [true, false]) {
    const pairs = Array.from({ length: 6 }, () => pair(t))
    const values = [
      'before',
      { first: pairs[0]![1], deep: [new Map([['key', pairs[1]![1]]])] },
      'between',
      [pairs[2]![1], pairs[3]![1], pairs[2]![1]],
      new Set([pairs[4]![1]]),
      pairs[5]![1],
      'behind',
    ]
    for (const value of values) {
      if (sync) a.sendSync(value)
      else void a.send(value)
    }
    const received: unknown[] = []
    for (const _ of values) received.push(sync ? b.recvSync() : await b.recv())
    t.deepEqual([received[0], received[2], received[6]], ['before', 'between', 'behind'])
    const [, one, , list, set, single] = received as [
      string,
      { first: Connection; deep: [Map<string, Connection>] },
      string,
      Connection[],
      Set<Connection>,
      Connection,
    ]
    // One object that occurs twice arrives as one object.
    t.is(list[0], list[2])
    const arrived = [one.first, one.deep[0].get('key')!, list[0]!, list[1]!, [...set][0]!, single]
    for (const [n, connection] of arrived.entries()) {
      closeAfter(t, connection)
      await connection.send(n)
      t.is(await pairs[n]![0].recv(), n)
    }
  }
})

test('a connection that arrives has its directions, and the limits of the connection that it came by', async (t) => {
  const [a, b] = pair(t, { maxMessageSize: 1000 })
  const [receives, sends] = pair(t, { duplex: false })
  await a.send([receives, sends])
  const [r, s] = (await b.recv()) as [Connection, Connection]
  closeAfter(t, r)
  closeAfter(t, s)
  t.like(r, { readable: true, writable: false })
  t.like(s, { readable: false, writable: true })
  await s.send({ within: 'the limit' })
  t.deepEqual(await r.recv(), { within: 'the limit' })
  await s.sendBytes(Buffer.alloc(1001))
  await t.throwsAsync(() => r.recv(), { instanceOf: MessageTooLongError })
})

test('a connection with another codec than that of its carrier is refused, and stays open', async (t) => {
  const [a] = pair(t)
  const [json] = pair(t, { codec: 'json' })
  await t.throwsAsync(() => a.send({ json }), { instanceOf: EncodeError, message: /codec 'json'/ })
  const listener = new Listener(undefined, { codec: 'json' })
  t.teardown(() => listener.close())
  t.throws(() => a.sendSync({ listener }), { instanceOf: EncodeError, message: /codec 'json'/ })
  t.false(json.closed)
})

test('a listener with a key is refused: its key would go along', async (t) => {
  const [a] = pair(t)
  const listener = new Listener(undefined, { authkey: 'secret' })
  t.teardown(() => listener.close())
  await t.throwsAsync(() => a.send({ listener }), { instanceOf: EncodeError, message: /authkey/ })
})

test('a connection that a getter of the same value closes is not sent, nor is another one with its number by then', async (t) => {
  const [a, b] = pair(t)
  const [, there] = pair(t)
  const value = {
    there,
    get late() {
      void there.close()
      pair(t)
      return 1
    },
  }
  await t.throwsAsync(() => a.send(value), { instanceOf: ConnectionClosedError })
  t.throws(() => a.sendSync(value), { instanceOf: EncodeError })
  await a.send('next')
  t.is(await b.recv(), 'next')
})

test('a listener and a bare descriptor arrive too, and stay open here', async (t) => {
  const [a, b] = pair(t)
  const listener = new Listener()
  t.teardown(() => listener.close())
  const fd = openSync(fileURLToPath(import.meta.url), 'r')
  await a.send({ listener, file: new Handle(fd) })
  closeSync(fd)
  const arrived = (await b.recv()) as { listener: Listener; file: Handle }
  t.true(readFileSync(arrived.file.fd, 'utf8').startsWith('import {'))
  arrived.file.close()
  const accepting = arrived.listener.accept()
  const client = await connect(listener.address)
  closeAfter(t, client)
  closeAfter(t, await accepting)
  await arrived.listener.close()
  // The file is still there: it is the first one's.
  const again = listener.accept()
  closeAfter(t, await connect(listener.address))
  closeAfter(t, await again)
})

test('connections are sent in a child’s messages, and in its parent’s', async (t) => {
  const [here, there] = pair(t)
  await using worker = new Process(new URL('./fixtures/targets.ts', import.meta.url), {
    target: 'exchange',
    args: [there],
  })
  await worker.start()
  const [near, far] = pair(t)
  await here.send(far)
  t.is(await near.recv(), 'from the child')
  const made = (await here.recv()) as Connection
  closeAfter(t, made)
  await made.send('to the child')
  t.is(await near.recv(), 'to the child')
})

test('a chain of messages with connections goes through while the peer is slow to read', async (t) => {
  const [a, b] = pair(t)
  const count = 300
  const ends = Array.from({ length: count }, () => pipe())
  const sending = (async () => {
    for (const [n, [, there]] of ends.entries()) {
      await a.send({ n, there, ballast: patterned(n % 7 === 0 ? 30_000 : 10, n) })
    }
  })()
  for (let n = 0; n < count; n++) {
    const message = (await b.recv()) as { n: number; there: Connection; ballast: Uint8Array }
    t.is(message.n, n)
    await message.there.send(n)
    t.is(await ends[n]![0].recv(), n)
    await message.there.close()
    await ends[n]![0].close()
  }
  await sending
})

test('a message with connections that is received as bytes closes them', async (t) => {
  const [a, b] = pair(t)
  const [here, there] = pair(t)
  const [near, far] = pair(t)
  await a.send(there)
  await a.send(far)
  t.true((await b.recvBytes()).length > 0)
  await t.throwsAsync(() => here.recv(), { instanceOf: EOFError })
  // The next one is unharmed.
  const arrived = (await b.recv()) as Connection
  closeAfter(t, arrived)
  await arrived.send('still works')
  t.is(await near.recv(), 'still works')
})

test('connections in messages that are never received are closed', async (t) => {
  const [here, there] = pair(t)
  const [near, far] = pair(t)
  const [a, b] = pipe()
  await a.send(there)
  await a.send(far)
  await a.flush()
  t.true(await b.poll(Infinity))
  await a.close()
  await b.close()
  await t.throwsAsync(() => here.recv(), { instanceOf: EOFError })
  await t.throwsAsync(() => near.recv(), { instanceOf: EOFError })
})

test('a message that could not leave any more closes its connections', async (t) => {
  const [a, b] = pipe()
  const [here, there] = pair(t)
  void a.sendBytes(patterned(4 * 1024 * 1024)).catch(() => {})
  const sending = a.send(there)
  t.true(there.closed)
  await Promise.all([b.close(), t.throwsAsync(sending)])
  await a.close()
  await t.throwsAsync(() => here.recv(), { instanceOf: EOFError })
})

test('a message that claims descriptors without any is an error for itself alone', async (t) => {
  const [a, b] = pair(t)
  const [c, d] = pair(t)
  const [, there] = pair(t)
  await c.send(there)
  const forged = await d.recvBytes()
  await a.sendBytes(forged)
  await a.send('next')
  await t.throwsAsync(() => b.recv(), { instanceOf: DecodeError, message: /descriptor/ })
  t.is(await b.recv(), 'next')
})

/** The message of `value`, changed by `forge`. */
async function forge(t: ExecutionContext, value: unknown, change: (message: string) => string): Promise<Buffer> {
  const [a, b] = pair(t)
  await a.send(value)
  const message = (await b.recvBytes()).toString('latin1')
  const forged = change(message)
  t.is(forged.length, message.length)
  return Buffer.from(forged, 'latin1')
}

test('a forged reference takes no descriptor but one that came with the message', async (t) => {
  const [a, b] = pair(t)
  const [, there] = pair(t)
  // The name of a property, which is a number: how many descriptors came.
  await a.sendBytes(
    await forge(t, there, (message) => message.replace('[0,', '["length",').replace('"writable"', '"w"')),
  )
  await t.throwsAsync(() => b.recv(), { instanceOf: DecodeError })
  t.notThrows(() => fstatSync(0))
})

/** A Python that sends `message` with descriptors beside it. */
function beside(t: ExecutionContext, message: Buffer, where: 'first' | 'each', count: number): Connection {
  const [here, there] = pair(t)
  const python = pythons.find(({ version: [, minor] }) => minor >= 9)
  const script = fileURLToPath(new URL('./python/handles.py', import.meta.url))
  spawn(python!.path, [script, 'beside', message.toString('hex'), where, String(count)], {
    connections: [there],
    stdio: 'inherit',
  })
  return here
}

test('a message that fails half way closes the connections that were made of it', async (t) => {
  const value = [pair(t)[1], pair(t)[1]]
  const message = await forge(t, value, (original) => original.replace('[1,"connection"', '[1,"connectiox"'))
  const python = beside(t, message, 'first', 2)
  await t.throwsAsync(() => python.recv(), { instanceOf: DecodeError, message: /connectiox/ })
  t.is((await python.recvBytes()).toString(), 'sent')
  t.is((await python.recvBytes()).toString(), 'all closed')
})

test('a flood of unrequested descriptors is closed as it comes', async (t) => {
  const python = beside(t, Buffer.alloc(300, 0xc0), 'each', 20)
  const before = openDescriptors().size
  t.true(await python.poll(Infinity))
  // Six thousand came with one message; those beside its first byte are its own until it is taken.
  await until(
    () => openDescriptors().size - before <= 20,
    () => `${openDescriptors().size - before} are open`,
  )
  t.is((await python.recvBytes()).length, 300)
  t.is((await python.recvBytes()).toString(), 'sent')
  t.is((await python.recvBytes()).toString(), 'all closed')
})

test('a refused connection was not sent, and stays open', async (t) => {
  const [a, b] = pair(t)
  const [here, there] = pair(t)
  await here.send('unread')
  t.true(await there.poll(Infinity))
  await t.throwsAsync(() => a.send({ there }), { instanceOf: EncodeError, message: /received messages are held back/ })
  t.throws(() => a.sendSync({ there }), { instanceOf: EncodeError })
  t.is(await there.recv(), 'unread')
  await t.throwsAsync(() => a.send({ here, bad: () => {} }), { instanceOf: EncodeError })
  t.false(here.closed)

  void there.sendBytes(patterned(4 * 1024 * 1024))
  await t.throwsAsync(() => a.send({ there }), { instanceOf: EncodeError, message: /bytes are unsent/ })
  await here.recvBytes()

  await a.send('the first message')
  t.is(await b.recv(), 'the first message')
})

test('at most 253 connections go with a message', async (t) => {
  const [a, b] = pair(t)
  const fd = openSync('/dev/null', 'r')
  const handles = (count: number): Handle[] => Array.from({ length: count }, () => new Handle(fd))
  await t.throwsAsync(() => a.send(handles(254)), { instanceOf: RangeError, message: /at most 253/ })
  await a.send(handles(253))
  closeSync(fd)
  const arrived = (await b.recv()) as Handle[]
  t.is(new Set(arrived.map((handle) => handle.fd)).size, 253)
  for (const handle of arrived) handle.close()
})

test('TCP carries no connections: a clear error, and nothing was sent', async (t) => {
  const listener = new Listener({ host: '127.0.0.1', port: 0 })
  t.teardown(() => listener.close())
  const accepting = listener.accept()
  const client = await connect(listener.address)
  closeAfter(t, client)
  const server = await accepting
  closeAfter(t, server)
  const [here] = pair(t)
  await t.throwsAsync(() => client.send({ here }), { code: 'EOPNOTSUPP', message: /Unix socket/ })
  t.throws(() => client.sendSync({ here }), { code: 'EOPNOTSUPP' })
  t.false(here.closed)
  await client.send('next')
  t.is(await server.recv(), 'next')
})

for (const sync of [false, true]) {
  const kind = sync ? 'blocking' : 'asynchronous'

  test(`a handle from every Python’s send_handle arrives (${kind})`, async (t) => {
    for (const python of pythons) {
      const [here, there] = pair(t)
      spawn(python.path, [fileURLToPath(new URL('./python/handles.py', import.meta.url)), 'send'], {
        connections: [there],
        stdio: 'inherit',
      })
      const handle = sync ? here.recvHandleSync() : await here.recvHandle()
      writeSync(handle.fd, 'written by Node')
      handle.close()
      t.is((await here.recvBytes()).toString(), 'written by Node', python.name)
    }
  })

  test(`a handle arrives in every Python’s recv_handle (${kind})`, async (t) => {
    for (const python of pythons) {
      const [here, there] = pair(t)
      const [near, far] = pair(t)
      const child = spawn(python.path, [fileURLToPath(new URL('./python/handles.py', import.meta.url)), 'receive'], {
        connections: [there],
        stdio: 'inherit',
      })
      if (sync) here.sendHandleSync(far.fd)
      else await here.sendHandle(far.fd)
      t.is((await here.recvBytes()).toString(), 'done', python.name)
      t.false(far.closed)
      await until(() => child.exitCode === 0, 'Python does not end')
      const text = Buffer.alloc(17)
      readSync(near.fd, text)
      t.is(text.toString(), 'written by Python')
    }
  })
}

test.serial('a Handle closes its descriptor once, whatever has the number by then', async (t) => {
  const [a, b] = pair(t)
  await a.send(new Handle(0))
  const handle = (await b.recv()) as Handle
  handle.close()
  const next = openSync(fileURLToPath(import.meta.url), 'r')
  t.is(next, handle.fd)
  handle.close()
  t.notThrows(() => fstatSync(next))
  closeSync(next)
})

test('recvHandle ends with the stream, with its signal, with the connection, and for a byte without a handle', async (t) => {
  const [a, b] = pair(t)
  const controller = new AbortController()
  const aborted = b.recvHandle({ signal: controller.signal })
  const reason = new Error('changed my mind')
  controller.abort(reason)
  await t.throwsAsync(aborted, { is: reason })
  const plain = b.recvHandle()
  await a.sendBytes(Buffer.alloc(0))
  await t.throwsAsync(plain, { instanceOf: ProtocolError })
  const [c, d] = pair(t)
  const ended = d.recvHandle()
  await c.close()
  await t.throwsAsync(ended, { instanceOf: EOFError })
  const [, f] = pair(t)
  const closed = f.recvHandle()
  await f.close()
  await t.throwsAsync(closed, { instanceOf: ConnectionClosedError })
  const [g, h] = pair(t)
  await g.send('held')
  t.true(await h.poll(Infinity))
  await t.throwsAsync(() => h.recvHandle(), { instanceOf: BusyError })
})

test('descriptors that come beside a message that does not speak of them are closed', async (t) => {
  const [a, b] = pair(t)
  const [here, there] = pair(t)
  // A handle is a byte of value 1, outside the framing; four are a header, that of a message of 0x01010101 bytes.
  for (let n = 0; n < 4; n++) await a.sendHandle(there.fd)
  await there.close()
  const rest = new Socket({ fd: a.detach() })
  t.teardown(() => rest.destroy())
  const receiving = b.recvBytes()
  rest.end(Buffer.alloc(0x01010101))
  t.is((await receiving).length, 0x01010101)
  await t.throwsAsync(() => here.recv(), { instanceOf: EOFError })
})
