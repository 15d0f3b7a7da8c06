// carom seen from outside: diagnostics channels, the log, and the output of `util.inspect`.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { connect, Connection, EOFError, Handle, Listener, pipe, Process } from 'carom'
import { startChild } from './children.ts'
import { checkDescriptors } from './descriptors.ts'
import { gc } from './gc.ts'
import { KEY, KEYED } from './handshakes.ts'
import { listen } from './listeners.ts'
import { closeAfter, pair } from './pairs.ts'
import { until } from './until.ts'
import { patterned } from './wire.ts'

checkDescriptors(test)

type Message = Record<string, unknown>

/** The messages published on a channel until the test ends. */
function published(t: ExecutionContext, name: string): Message[] {
  const messages: Message[] = []
  const listener = (message: unknown): void => void messages.push(message as Message)
  subscribe(`carom:${name}`, listener)
  t.teardown(() => unsubscribe(`carom:${name}`, listener))
  return messages
}

test.serial('a connection’s beginning and end are published', async (t) => {
  const [opened, closed] = [published(t, 'connection:open'), published(t, 'connection:close')]
  const [a, b] = pair(t, { duplex: false, codec: 'json' })
  const fds = [a.fd, b.fd]
  t.deepEqual(opened, [
    { fd: fds[0], readable: true, writable: false, codec: 'json' },
    { fd: fds[1], readable: false, writable: true, codec: 'json' },
  ])
  const adopted = Connection.fromFd(a.detach(), { codec: { encode: () => Buffer.of(), decode: () => 0 } })
  closeAfter(t, adopted)
  t.like(opened[2], { fd: fds[0], codec: undefined })
  await b.close()
  await b.close()
  t.deepEqual(closed, [
    { fd: fds[0], how: 'detach' },
    { fd: fds[1], how: 'close' },
  ])
})

test.serial('a connection that is collected is published too', async (t) => {
  const closed = published(t, 'connection:close')
  const fd = (() => {
    const [kept, forgotten] = pipe()
    closeAfter(t, kept)
    return forgotten.fd
  })()
  await until(() => {
    gc()
    return closed.some((message) => message['fd'] === fd && message['how'] === 'garbage collection')
  }, 'it is not told')
  t.pass()
})

test.serial(
  'back-pressure is published when the first send begins to wait, and when the last one has stopped',
  async (t) => {
    const [begins, ends] = [
      published(t, 'connection:back-pressure:begin'),
      published(t, 'connection:back-pressure:end'),
    ]
    const [a, b] = pair(t, { highWaterMark: 100_000 })
    const message = patterned(1_000_000)
    const sending = [a.sendBytes(message), a.sendBytes(message)]
    t.is(begins.length, 1)
    t.like(begins[0], { fd: a.fd, highWaterMark: 100_000 })
    t.true((begins[0]!['bufferedAmount'] as number) > 100_000)
    t.deepEqual(ends, [])
    await Promise.all([b.recvBytes(), b.recvBytes(), ...sending])
    t.is(ends.length, 1)
    t.true((ends[0]!['bufferedAmount'] as number) <= 100_000)

    const lost = a.sendBytes(patterned(10_000_000))
    await b.close()
    await t.throwsAsync(lost)
    t.deepEqual([begins.length, ends.length], [2, 2])
  },
)

test.serial('handshakes are published at both ends, with the reason of those that fail', async (t) => {
  const [accepted, refused] = [published(t, 'authentication:accepted'), published(t, 'authentication:refused')]
  const listener = listen(t, undefined, KEYED)
  const { address } = listener
  const accepting = listener.accept()
  await t.throwsAsync(() => connect(address, { ...KEYED, authkey: 'wrong' }), { code: 'ERR_CAROM_AUTHENTICATION' })
  await until(() => refused.length === 2, 'the refusal is not told at both ends')
  t.deepEqual(refused.map(({ operation }) => operation).toSorted(), ['accept', 'connect'])
  for (const { error, address: at } of refused) {
    t.is(at, address)
    t.true(error instanceof Error)
    t.false(inspect(error).includes(KEY))
  }
  const ends = await Promise.all([connect(address, KEYED), accepting])
  for (const end of ends) closeAfter(t, end)
  t.deepEqual(accepted.map(({ operation }) => operation).toSorted(), ['accept', 'connect'])
  t.like(accepted[0], { address, legacy: false })
})

test.serial('a listener’s beginning and end are published', async (t) => {
  const [opened, closed] = [published(t, 'listener:open'), published(t, 'listener:close')]
  const listener = new Listener()
  await listener.close()
  t.deepEqual([opened, closed], [[{ address: listener.address }], [{ address: listener.address }]])
})

test('NODE_DEBUG=carom logs the same, and never a key', async (t) => {
  const [near, far] = pair(t)
  const child = startChild(t, 'log.ts', { ends: [far], env: { NODE_DEBUG: 'carom' } })
  await t.throwsAsync(() => near.recv(), { instanceOf: EOFError })
  const { stderr, code } = await child.ended
  t.is(code, 0)
  for (const event of [
    'connection:open { fd: 3,',
    "connection:close { fd: 3, how: 'close' }",
    'listener:open { address:',
    'listener:close',
    'authentication:refused',
    'authentication:accepted',
  ]) {
    t.true(stderr.includes(`carom:${event}`), `${event} in: ${stderr}`)
  }
  t.false(stderr.includes(KEY))
})

test('inspect shows what helps to debug a connection', async (t) => {
  const [a, b] = pair(t, { codec: 'json', rnonblock: true, highWaterMark: 7 })
  await a.send('message')
  const receiving = b.recv()
  t.true(inspect(b).includes('receiving: 1') || (await receiving) === 'message')
  await receiving
  const shown = inspect(a, { breakLength: Infinity })
  t.true(
    shown.startsWith(`Connection { fd: ${a.fd}, readable: true, writable: true, codec: 'json', nonblocking: true,`),
    shown,
  )
  t.true(shown.includes('highWaterMark: 7, messagesSent: 1, bytesSent: 9,'), shown)
  t.is(inspect([[[[a]]]]), '[ [ [ [Array] ] ] ]')
  t.is(inspect([[[a]]]), '[ [ [ [Connection] ] ] ]')
  await a.close()
  t.true(inspect(a, { breakLength: Infinity }).startsWith('Connection { closed: true, '))
})

test('inspect shows a listener’s state, and never its key', async (t) => {
  const listener = listen(t, undefined, KEYED)
  const accepting = listener.accept()
  const shown = inspect(listener, { breakLength: Infinity })
  t.is(
    shown,
    `Listener { fd: ${listener.fd}, address: '${listener.address as string}', authenticated: true, codec: 'structured', accepting: 1 }`,
  )
  t.false(inspect(listener, { depth: null, showHidden: true }).includes(KEY))
  await listener.close()
  await t.throwsAsync(accepting)
  t.true(inspect(listener).includes('closed: true'))
})

test('inspect shows a process’s state, and a handle’s descriptor', async (t) => {
  const child = new Process(new URL('./fixtures/target-exits.mjs', import.meta.url), { name: 'worker', execArgv: [] })
  t.true(inspect(child).includes("state: 'not started'"))
  const starting = child.start().catch(() => {})
  t.true(inspect(child).includes(`pid: ${child.pid},`))
  t.true(inspect(child).includes("name: 'worker'"))
  await child.join().catch(() => {})
  await starting
  t.true(inspect(child).includes("state: 'ended'"))
  child.close()
  t.is(inspect(new Handle(2)), 'Handle { fd: 2 }')
})
