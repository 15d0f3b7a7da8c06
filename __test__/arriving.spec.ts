// Descriptors of a peer that sends whatever it likes: none becomes anything but what it is, none is left open, none holds
// anybody up.

import { openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { connect, type Connection, DecodeError, EncodeError, Handle, Listener, pipe, spawn } from 'carom'
import { checkDescriptors, openDescriptors } from './descriptors.ts'
import { PATIENCE } from './handshakes.ts'
import { type Interpreter, interpreters } from './interpreters.ts'
import { closeAfter, pair, type PipeOptions } from './pairs.ts'
import { until } from './until.ts'

checkDescriptors(test)

let python: Interpreter | undefined

test.before('a Python interpreter is found', async () => {
  python = (await interpreters()).find(({ version: [major, minor] }) => major === 3 && minor >= 9)
})

/** Bytes, and the kinds of descriptors that go beside them. */
type Step = [bytes: Buffer, kinds: string[]]

/** A peer that takes these steps. It keeps the other ends of the descriptors that it sends until the connection is closed. */
function peer(t: ExecutionContext, steps: Step[], options?: PipeOptions): Connection {
  const [here, there] = pair(t, options)
  const script = fileURLToPath(new URL('./python/descriptors.py', import.meta.url))
  const program = JSON.stringify(steps.map(([bytes, kinds]) => [bytes.toString('hex'), kinds]))
  const child = spawn(python!.path, [script, program], { connections: [there], stdio: 'inherit' })
  t.teardown(() => child.kill('SIGKILL'))
  return here
}

function frame(message: Uint8Array): Buffer {
  const header = Buffer.alloc(4)
  header.writeInt32BE(message.length)
  return Buffer.concat([header, message])
}

/** The message of a value, as a whole frame, which names as many descriptors as there are objects in it. */
async function frameOf(t: ExecutionContext, value: unknown): Promise<Buffer> {
  const [a, b] = pair(t)
  await a.send(value)
  return frame(await b.recvBytes())
}

const ofConnection = (t: ExecutionContext): Promise<Buffer> => frameOf(t, pair(t)[1])

async function ofListener(t: ExecutionContext): Promise<Buffer> {
  const listener = new Listener()
  const message = await frameOf(t, listener)
  await listener.close()
  return message
}

/** Fails unless as many descriptors are open as `before`, now or soon. */
async function noMoreThan(before: number): Promise<void> {
  await until(
    () => openDescriptors().size <= before,
    () => `${openDescriptors().size - before} are open`,
  )
}

async function said(connection: Connection): Promise<string> {
  return (await connection.recvBytes()).toString()
}

for (const [named, message, refused] of [
  [
    'connection',
    ofConnection,
    ['fifo', 'fifo to write', 'terminal', 'file', 'device', 'directory', 'datagram', 'packets', 'listener'],
  ],
  ['listener', ofListener, ['blocking listener', 'bound', 'stream', 'fifo', 'terminal', 'device', 'datagram']],
] as const) {
  for (const kind of refused) {
    test.serial(`a ${kind} that a message calls a ${named} is closed, and the next message is unharmed`, async (t) => {
      const hostile = peer(t, [[await message(t), [kind]]])
      const before = openDescriptors().size
      await t.throwsAsync(() => hostile.recv(), { instanceOf: DecodeError, message: /is closed/ })
      t.is(await said(hostile), 'sent')
      await noMoreThan(before)
      // The next descriptor has its number, and is another's.
      t.notThrows(() => new Handle(openSync('/dev/null', 'r')).close())
    })
  }
}

test.serial(
  'a stream socket arrives as a connection, a listener that never waits as one, anything as a handle',
  async (t) => {
    const [, end] = pair(t)
    const listener = new Listener()
    const steps: Step[] = [
      [await frameOf(t, [end, listener]), ['stream', 'listener']],
      [
        await frameOf(
          t,
          Array.from({ length: 4 }, () => new Handle(0)),
        ),
        ['terminal', 'fifo', 'file', 'packets'],
      ],
    ]
    await listener.close()
    const friend = peer(t, steps)
    const [stream, listening] = (await friend.recv()) as [Connection, Listener]
    closeAfter(t, stream)
    t.like(stream, { readable: true, writable: true })
    t.like(listening.address, { host: '127.0.0.1' })
    await listening.close()
    for (const handle of (await friend.recv()) as Handle[]) handle.close()
  },
)

for (const [how, kinds] of [
  ['too many', ['stream', 'stream']],
  ['too few', []],
] as const) {
  test.serial(`${how} descriptors for a message are closed, and it can't be decoded`, async (t) => {
    const hostile = peer(t, [
      [await ofConnection(t), [...kinds]],
      [await ofConnection(t), ['stream']],
    ])
    await t.throwsAsync(() => hostile.recv(), { instanceOf: DecodeError, message: /descriptor is not here/ })
    closeAfter(t, (await hostile.recv()) as Connection)
    const before = openDescriptors().size
    t.is(await said(hostile), 'sent')
    await noMoreThan(before)
  })
}

test.serial('descriptors belong to the message that they came beside, whatever another message says', async (t) => {
  const [one, other] = [await ofConnection(t), frame(Buffer.of(0xc0))]
  const hostile = peer(t, [
    [other, ['stream']],
    [one, []],
    [one, ['listener']],
    [one, []],
  ])
  const before = openDescriptors().size
  t.is((await hostile.recvBytes()).length, 1)
  for (let n = 0; n < 3; n++) await t.throwsAsync(() => hostile.recv(), { instanceOf: DecodeError })
  t.is(await said(hostile), 'sent')
  await noMoreThan(before)
})

test.serial('a message that is never complete holds no more than one message can have', async (t) => {
  const many = Array.from({ length: 253 }, () => 'device')
  const steps: Step[] = [[Buffer.from([0, 0, 0, 60]), many]]
  for (let n = 0; n < 7; n++) steps.push([Buffer.of(120), many])
  const hostile = peer(t, [...steps])
  const before = openDescriptors().size
  const receiving = t.throwsAsync(() => hostile.recv())
  await until(() => openDescriptors().size > before, 'no descriptor arrives')
  // Of 2,024. A thread closes the others, for which 1,024 wait at most.
  t.true(openDescriptors().size - before <= 253 + 1024)
  // The peer's report that it has sent all completes no message.
  await until(
    () => openDescriptors().size - before === 253,
    () => `${openDescriptors().size - before} are held`,
  )
  await hostile.close()
  await receiving
  await noMoreThan(before)
})

test.serial('an end that arrives has the codec and the limits of the connection that it came by', async (t) => {
  const [a, b] = pipe({ maxMessageSize: 1000, highWaterMark: 2000 })
  closeAfter(t, a)
  closeAfter(t, b)
  const [here, there] = pair(t, { maxMessageSize: 1_000_000, spin: 1000 })
  await a.send(there)
  const arrived = (await b.recv()) as Connection
  closeAfter(t, arrived)
  await here.sendBytes(Buffer.alloc(1001))
  await t.throwsAsync(() => arrived.recvBytes(), { code: 'ERR_CAROM_MESSAGE_TOO_LONG', message: /1000/ })
})

test.serial(
  'what a peer says of a connection is its directions: a codec and limits that it names are not heard',
  async (t) => {
    const message = (await ofConnection(t)).toString('latin1')
    const forged = message.replace(/\{"readable".*?\}/, (honest) => {
      const lie = '{"codec":"v8","options":{}'
      return `${lie.padEnd(honest.length - 1)}}`
    })
    t.is(forged.length, message.length)
    t.not(forged, message)
    const hostile = peer(t, [[Buffer.from(forged, 'latin1'), ['stream']]])
    const arrived = (await hostile.recv()) as Connection
    t.regex(inspect(arrived), /codec: 'structured'/)
    t.like(arrived, { readable: true, writable: true })
    await arrived.close()
  },
)

test.serial(
  'an end whose codec is not its carrier’s, and a listener with a key, are refused by their sender',
  async (t) => {
    const [a] = pair(t)
    for (const codec of ['json', 'v8', 'pickle'] as const) {
      const [, there] = pair(t, { codec })
      await t.throwsAsync(() => a.send({ there }), { instanceOf: EncodeError, message: new RegExp(codec) })
      t.throws(() => a.sendSync({ there }), { instanceOf: EncodeError })
      t.false(there.closed)
    }
    const keyed = new Listener(undefined, { authkey: 'key' })
    await t.throwsAsync(() => a.send(keyed), { instanceOf: EncodeError, message: /Listener\.fromFd/ })
    await keyed.close()
  },
)

for (const [what, options, message] of [
  ['nobody asked for', {}, frame(Buffer.from('x'))],
  ['a connection takes none', { descriptors: false }, frame(Buffer.from('x'))],
] as const) {
  test.serial(`a lingering socket does not hold up the event loop where ${what}`, async (t) => {
    const hostile = peer(t, [[message, ['lingering']]], options)
    const begun = performance.now()
    // Where the kernel refuses descriptors, the peer says so.
    t.regex(await said(hostile), /^(x|refused)$/)
    t.is(await said(hostile), 'sent')
    await hostile.close()
    await new Promise((resolve) => setImmediate(resolve))
    // It lingers for ten minutes.
    t.true(performance.now() - begun < 300_000)
  })
}

test.serial(
  'sockets that linger, unread in the queue of a connection, do not hold up the event loop when it is closed',
  async (t) => {
    const hostile = peer(t, [
      [frame(Buffer.from('x')), []],
      [frame(Buffer.from('y')), ['lingering']],
    ])
    t.is(await said(hostile), 'x')
    await until(() => hostile.poll(), 'nothing more comes')
    const begun = performance.now()
    await hostile.close()
    await new Promise((resolve) => setImmediate(resolve))
    t.true(performance.now() - begun < 300_000)
  },
)

test.serial('a socket that adds a descriptor of a process to each read leaves none behind', async (t) => {
  const hostile = peer(t, [[await ofConnection(t), ['with pidfd']]])
  const arrived = (await hostile.recv()) as Connection
  const before = openDescriptors().size
  for (let n = 0; n < 100; n++) t.is(await said(arrived), 'x')
  await noMoreThan(before)
  await arrived.close()
})

test.serial('a peer that takes no descriptors makes such a send fail, for that message alone', async (t) => {
  for (const sync of [true, false]) {
    const [a, b] = pair(t, { descriptors: false })
    const [here, there] = pair(t)
    const send = async (): Promise<void> => (sync ? a.sendSync({ there }) : a.send({ there }))
    const failed = await send().catch((error: unknown) => error)
    await a.send('next')
    if (failed === undefined) {
      // An older kernel: the message arrives without them.
      await t.throwsAsync(() => b.recv(), { instanceOf: DecodeError, message: /descriptors: false/ })
    } else {
      t.like(failed, { code: 'EPERM', syscall: 'sendmsg' })
      // It was not sent, and is not handed over.
      await here.send('still here')
      t.is(await there.recv(), 'still here')
    }
    t.is(await b.recv(), 'next')
    await t.throwsAsync(() => b.recvHandle(), { instanceOf: TypeError, message: /descriptors: false/ })
    t.throws(() => b.recvHandleSync(), { instanceOf: TypeError })
  }
})

test.serial(
  'behind bytes that wait for room, it fails when its turn comes, and what is behind it arrives',
  async (t) => {
    const [a, b] = pair(t, { descriptors: false })
    const [, there] = pair(t)
    const long = Buffer.alloc(4 * 1024 * 1024)
    const first = a.sendBytes(long)
    const failed = a.send({ there }).catch((error: unknown) => error)
    const last = a.send('last')
    t.is((await b.recvBytes()).length, long.length)
    await Promise.all([first, last])
    if ((await failed) === undefined) await t.throwsAsync(() => b.recv(), { instanceOf: DecodeError })
    else t.like(await failed, { code: 'EPERM' })
    t.is(await b.recv(), 'last')
  },
)

for (const authkey of [undefined, 'key']) {
  test.serial(
    `a connection can be sent at once, ${authkey === undefined ? 'without a key' : 'behind the handshake'}`,
    async (t) => {
      const options = authkey === undefined ? {} : { authkey, handshakeTimeout: PATIENCE }
      const listener = new Listener(undefined, options)
      t.teardown(() => listener.close())
      const accepting = listener.accept()
      const client = await connect(listener.address, options)
      closeAfter(t, client)
      const [[here, there], [near, far]] = [pair(t), pair(t)]
      const sending = client.send(there)
      const server = await accepting
      closeAfter(t, server)
      await server.send(far)
      await sending
      for (const [receiver, end] of [
        [server, here],
        [client, near],
      ] as const) {
        const arrived = (await receiver.recv()) as Connection
        closeAfter(t, arrived)
        await arrived.send('through')
        t.is(await end.recv(), 'through')
      }
    },
  )
}
