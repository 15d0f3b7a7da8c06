// Connections and listeners without references: those that no call waits on are closed when they are collected.

import { closeSync, existsSync } from 'node:fs'
import test from 'ava'
import { connect, Connection, EOFError, Listener, pipe, wait } from 'carom'
import { endedWell, startChild } from './children.ts'
import { checkDescriptors, expectNoMoreDescriptorsThan, openDescriptors } from './descriptors.ts'
import { gc } from './gc.ts'
import { KEYED } from './handshakes.ts'
import { freshPath } from './listeners.ts'
import { closeAfter } from './pairs.ts'
import { turns, until } from './until.ts'
import { header, patterned, writeAll } from './wire.ts'

checkDescriptors(test)

const MiB = 1024 * 1024

/** Collects garbage again and again: finalizers run a turn later at the earliest. */
async function collectGarbage(times = 8): Promise<void> {
  for (let n = 0; n < times; n++) {
    gc()
    await turns(2)
  }
}

function untilCollected(condition: () => boolean, expectation: string): Promise<void> {
  return until(() => {
    gc()
    return condition()
  }, expectation)
}

/** One end of a pipe. Nobody refers to the other one when `use` has had it. */
async function otherEndOf(use: (end: Connection) => unknown): Promise<Connection> {
  const [here, there] = pipe()
  await use(there)
  return here
}

/** Resolves when the peer of `end` has been collected, and closed. */
async function untilPeerCollected(end: Connection): Promise<void> {
  let ended = false
  void end.recv().catch(() => (ended = true))
  await untilCollected(() => ended, 'the peer is not closed')
}

test.serial('a connection without references is closed, and its peer sees the end', async (t) => {
  const before = openDescriptors()
  const ends = await Promise.all(Array.from({ length: 50 }, () => otherEndOf(() => {})))
  const outcomes = ends.map((end) => t.throwsAsync(() => end.recv(), { instanceOf: EOFError }))
  let left = outcomes.length
  for (const outcome of outcomes) void outcome.then(() => left--)
  await untilCollected(() => left === 0, 'not all are closed')
  for (const end of ends) await end.close()
  await expectNoMoreDescriptorsThan(before)
})

test.serial('a connection without references on which a call has waited before is closed all the same', async (t) => {
  const here = await otherEndOf(async (end) => {
    // The first wait has the reactor watch it from then on.
    await end.poll(1)
    await wait([end], { timeout: 1 })
    await end.recv({ signal: AbortSignal.timeout(1) }).catch(() => {})
  })
  closeAfter(t, here)
  await untilPeerCollected(here)
  t.pass()
})

for (const [call, begin] of [
  ['recv', (end: Connection) => end.recv()],
  ['recvBytesInto', (end: Connection) => end.recvBytesInto(Buffer.alloc(100))],
  ['poll', (end: Connection) => end.poll(Infinity)],
  ['wait', (end: Connection) => wait([end])],
  ['iteration', (end: Connection) => end[Symbol.asyncIterator]().next()],
  ['recvHandle', (end: Connection) => end.recvHandle().then((handle) => handle.close())],
] as const) {
  test.serial(`a connection that only a pending ${call} refers to lives`, async (t) => {
    let woken = false
    const here = await otherEndOf((end) => void begin(end).then(() => (woken = true), t.fail))
    closeAfter(t, here)
    await collectGarbage()
    t.false(woken)
    if (call === 'recvHandle') await here.sendHandle(0)
    else await here.send('message')
    await until(() => woken, 'it is not woken')
    await untilPeerCollected(here)
  })
}

for (const size of [1, 100_000, 20 * MiB]) {
  test.serial(`messages sent by a connection without references are delivered: ${size} bytes`, async (t) => {
    const message = patterned(size)
    const here = await otherEndOf((end) => void end.sendBytes(message))
    closeAfter(t, here)
    await collectGarbage()
    t.true(message.equals(await here.recvBytes()))
    await untilPeerCollected(here)
  })
}

test.serial(
  'a long message that had begun to arrive at a connection that nobody refers to claims no memory',
  async (t) => {
    const length = 60 * MiB
    const beginning = Buffer.concat([header(length), Buffer.alloc(100_000)])
    const [here, there] = pipe()
    closeAfter(t, here)
    await collectGarbage()
    const before = process.memoryUsage().arrayBuffers
    const claimed = (): boolean => process.memoryUsage().arrayBuffers - before > length / 2
    // A message of that size is granted memory as a whole, a second one beside it would not be.
    const peer = await beginsToReceive(beginning)
    t.true(claimed())
    let ended = false
    void peer.recv().catch(() => (ended = true))
    await untilCollected(() => ended, 'it is not closed')
    await peer.close()

    await untilCollected(() => !claimed(), 'its memory is not freed')
    const fd = there.detach()
    writeAll(fd, beginning)
    await here.poll()
    t.true(claimed())
    closeSync(fd)
  },
)

/** The peer of a connection at which a message has begun to arrive, and to which nothing refers. */
async function beginsToReceive(beginning: Uint8Array): Promise<Connection> {
  const [forgotten, other] = pipe()
  const fd = other.detach()
  writeAll(fd, beginning)
  await forgotten.poll()
  return Connection.fromFd(fd)
}

test.serial('a listener without references is closed, and so is the peer that it has let in', async (t) => {
  const address = freshPath(t)
  const client = await waitsToBeAccepted(address)
  closeAfter(t, client)
  await untilPeerCollected(client)
  t.false(existsSync(address))
})

/** A peer that knew the key, at a listener to which nobody refers. */
async function waitsToBeAccepted(address: string): Promise<Connection> {
  const listener = new Listener(address, KEYED)
  const connecting = [connect(address, KEYED), connect(address, KEYED)]
  await turns()
  // Both are in the backlog: both are let in, and one is accepted.
  const accepted = await listener.accept()
  const clients = await Promise.all(connecting)
  await accepted.close()
  const closed = await Promise.race(clients.map((client) => client.recv().catch(() => client)))
  await (closed as Connection).close()
  return clients.find((client) => client !== closed)!
}

test.serial('a listener that only a pending accept refers to lives', async (t) => {
  const address = freshPath(t)
  const accepting = listenAt(address).accept()
  await collectGarbage()
  const client = await connect(address)
  closeAfter(t, client)
  await (await accepting).close()
  await untilCollected(() => !existsSync(address), 'it is not closed behind that')
  t.pass()
})

const listenAt = (address: string): Listener => new Listener(address)

test.serial(
  'the first connection or listener that is garbage-collected while it is open causes a warning',
  async (t) => {
    const child = startChild(t, 'forget.ts')
    t.like(await child.ended, { ...endedWell, stdout: 'CaromWarning CAROM_NOT_CLOSED\n' })
  },
)
