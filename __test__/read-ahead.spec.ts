// Ends from which several processes receive, in turn.

import { once } from 'node:events'
import { closeSync, readSync } from 'node:fs'
import test from 'ava'
import { BusyError, Connection, pipe, spawn, wait, waitSync } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { interpreters } from './interpreters.ts'
import { closeAfter, pair, pairWithRawEnd, untilRead } from './pairs.ts'
import { turns } from './until.ts'
import { frame, patterned, writeAll } from './wire.ts'

checkDescriptors(test)

// All connections share what a turn of the event loop reads and sends: each test has turns of its own.
test.beforeEach(() => turns(1))

const EXACT = { readAhead: false } as const

/** Two ends over one open socket, neither of which reads ahead, and the end that sends to them. */
function shared(t: Parameters<typeof pair>[0]): { sender: Connection; one: Connection; other: Connection } {
  const [sender, one] = pair(t, EXACT)
  const [carrier, receiver] = pair(t, EXACT)
  // A descriptor of the same open file comes through a message.
  carrier.sendHandleSync(one.fd)
  const other = Connection.fromFd(receiver.recvHandleSync().fd, EXACT)
  closeAfter(t, other)
  return { sender, one, other }
}

const sizes = [5, 0, 70_000, 1, 16_384, 8_188, 8_189, 300_000, 3]

test.serial('two ends receive messages from one queue in turn, none lost and none torn', async (t) => {
  const { sender, one, other } = shared(t)
  const sending = (async () => {
    for (const [n, size] of sizes.entries()) await sender.sendBytes(patterned(size, n))
  })()
  for (const [n, size] of sizes.entries()) {
    t.true(await (n % 3 === 0 ? one : other).poll(Infinity))
    const end = n % 2 === 0 ? one : other
    const message = await end.recvBytes()
    t.true(message.equals(patterned(size, n)), `message ${n}`)
  }
  await sending
})

test.serial('tryRecv, poll and wait leave the following messages to the others', async (t) => {
  const { sender, one, other } = shared(t)
  for (let n = 0; n < 6; n++) sender.sendSync(n)
  t.true(await one.poll())
  t.true(one.pollSync())
  t.deepEqual(await wait([one, other]), [one, other])
  t.is(one.tryRecv(), 0)
  t.is(other.tryRecv(), 1)
  t.deepEqual(waitSync([one]), [one])
  t.is(await other.recv(), 2)
  t.is(one.recvSync(), 3)
  for await (const value of other) {
    t.is(value, 4)
    break
  }
  t.is(one.tryRecv(), 5)
  t.false(await one.poll())
  t.false(other.pollSync(1))
  t.deepEqual(await wait([one], { timeout: 0 }), [])
  t.is(other.tryRecv(), undefined)
})

test.serial(
  'poll and wait take nothing: they are true for a part of a message, which stays in the kernel',
  async (t) => {
    const { connection, fd } = pairWithRawEnd(t, EXACT)
    t.false(await connection.poll(1))
    const polling = connection.poll(Infinity)
    writeAll(fd, Buffer.of(0, 0))
    t.true(await polling)
    t.true(connection.pollSync())
    t.deepEqual(await wait([connection]), [connection])
    // Nothing was taken: the descriptor can be given up.
    const own = connection.detach()
    const taken = Buffer.alloc(2)
    t.is(readSync(own, taken), 2)
    closeSync(own)
  },
)

test.serial(
  'a receive that is aborted before a header has come takes nothing; after that it finishes its message',
  async (t) => {
    const { connection, fd } = pairWithRawEnd(t, EXACT)
    const early = new AbortController()
    const aborted = connection.recvBytes(undefined, { signal: early.signal })
    const reason = new Error('changed my mind')
    early.abort(reason)
    await t.throwsAsync(aborted, { is: reason })

    const late = new AbortController()
    const finishing = connection.recvBytes(undefined, { signal: late.signal })
    const behind = connection.recvBytes(undefined, { signal: late.signal })
    writeAll(fd, frame(Buffer.from('whole')).subarray(0, 6))
    await untilRead(connection)
    late.abort(reason)
    await t.throwsAsync(behind, { is: reason })
    writeAll(fd, Buffer.from('ole'))
    t.is((await finishing).toString(), 'whole')
  },
)

test.serial('closing the connection ends a forEach and an iteration whose message has begun to arrive', async (t) => {
  for (const begin of [
    (connection: Connection) => connection.bytes().forEach(() => t.fail('no message has come whole')),
    async (connection: Connection) => {
      for await (const message of connection.bytes()) t.fail(`no message has come whole: ${message.length} bytes`)
    },
  ]) {
    const { connection, fd } = pairWithRawEnd(t, EXACT)
    writeAll(fd, Buffer.of(0, 0))
    const done = begin(connection)
    await untilRead(connection)
    await connection.close()
    await t.notThrowsAsync(done)
  }
})

test.serial('tryRecvBytes keeps a message that it has begun', async (t) => {
  const { connection, fd } = pairWithRawEnd(t, EXACT)
  const bytes = Buffer.concat([frame(Buffer.from('first')), frame(Buffer.from('second'))])
  for (let n = 0; n < bytes.length; n++) {
    writeAll(fd, bytes.subarray(n, n + 1))
    const message = connection.tryRecvBytes()
    t.is(message?.toString(), n === 8 ? 'first' : n === 18 ? 'second' : undefined)
    if (n === 5) t.throws(() => connection.detach(), { instanceOf: BusyError })
  }
})

test.serial('Node and every Python receive from one end in turn', async (t) => {
  const program = `
from multiprocessing.connection import Connection
queue, turn = Connection(3), Connection(4)
while True:
    try:
        turn.recv_bytes()
    except EOFError:
        break
    turn.send_bytes(queue.recv_bytes())
`
  for (const python of await interpreters()) {
    const [sender, queue] = pipe(EXACT)
    const [turn, theirs] = pipe()
    const child = spawn(python.path, ['-c', program], { connections: [queue, theirs], keep: true, stdio: 'inherit' })
    await theirs.close()
    const sending = (async () => {
      for (const [n, size] of sizes.entries()) await sender.sendBytes(patterned(size, n))
    })()
    for (const [n, size] of sizes.entries()) {
      let message: Buffer
      if (n % 2 === 0) {
        t.true(await queue.poll(Infinity))
        message = await queue.recvBytes()
      } else {
        await turn.sendBytes(Buffer.of(1))
        message = await turn.recvBytes()
      }
      t.true(message.equals(patterned(size, n)), `message ${n} with ${python.name}`)
    }
    await sending
    const ended = once(child, 'exit')
    for (const each of [turn, sender, queue]) await each.close()
    await ended
  }
})
