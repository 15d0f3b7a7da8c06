// Messages through shared memory: what differs from a socket, and what must not. The specs of what is the same for every transport
// run over it too.

import test from 'ava'
import {
  BusyError,
  type Connection,
  EncodeError,
  EOFError,
  Handle,
  pipe,
  SystemError,
  wait,
  waitSync,
  WouldBlockError,
} from 'carom'
import { checkDescriptors, openDescriptors } from './descriptors.ts'
import { closeAfter, pair, type PipeOptions } from './pairs.ts'
import { turns, until, watch } from './until.ts'

checkDescriptors(test)

const onLinux = process.platform === 'linux' ? test.serial : test.serial.skip

const LEAST = 4096

function rings(t: Parameters<typeof pair>[0], options: PipeOptions = {}): [Connection, Connection] {
  return pair(t, { ...options, transport: 'shared-memory' })
}

/** Bytes that differ from place to place. */
function pattern(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 31) ^ (i >> 8)))
}

onLinux('a pipe over shared memory says so, and carries values both ways', async (t) => {
  const [a, b] = rings(t)
  t.is(a.transport, 'shared-memory')
  t.is(b.transport, 'shared-memory')
  for (const value of [1, 'two', new Map([['three', 3n]]), { four: new Float64Array([4]) }, undefined]) {
    await a.send(value)
    t.deepEqual(await b.recv(), value)
    b.sendSync(value)
    t.deepEqual(a.recvSync(), value)
  }
})

onLinux('messages of every size around the ring’s cross it unharmed', async (t) => {
  const [a, b] = rings(t, { ringSize: LEAST })
  for (const size of [0, 1, 3, 4, 5, 4091, 4092, 4093, 8191, 8192, 8193, 65_536, 1_000_003]) {
    const sent = pattern(size)
    const [received] = await Promise.all([b.recvBytes(), a.sendBytes(sent)])
    t.true(received.equals(sent), `${size} bytes`)
  }
})

onLinux('a ringSize that is no power of two is rounded up', async (t) => {
  const [a, b] = rings(t, { ringSize: 5000, highWaterMark: Infinity })
  await a.sendBytes(Buffer.alloc(8000))
  await a.flush()
  t.is(a.bufferedAmount, 0)
  await a.sendBytes(Buffer.alloc(8000))
  await turns()
  t.true(a.bufferedAmount > 0)
  t.is((await b.recvBytes()).length, 8000)
  t.is((await b.recvBytes()).length, 8000)
})

onLinux('an end that was closed before it was used is gone for its peer once close() has resolved', async (t) => {
  for (let i = 0; i < 20; i++) {
    const [sender, unused] = rings(t)
    await unused.close()
    t.like(
      t.throws(() => sender.sendSync('nobody reads this'), { instanceOf: SystemError }),
      { code: 'EPIPE' },
    )
    t.throws(() => sender.recvSync(), { instanceOf: EOFError })
  }
})

onLinux('a full ring holds the sender back, as a full socket does, and lets it go on', async (t) => {
  const [a, b] = rings(t, { ringSize: LEAST, highWaterMark: 1000 })
  const sends = Array.from({ length: 100 }, () => a.sendBytes(Buffer.alloc(200)))
  const last = watch(sends.at(-1)!)
  await turns()
  t.false(last.settled)
  t.true(a.bufferedAmount > 1000)
  for (let n = 0; n < 100; n++) t.is((await b.recvBytes()).length, 200)
  await Promise.all(sends)
  await a.flush()
  t.is(a.bufferedAmount, 0)
})

onLinux('a blocked send and a receive of the same end both go on', async (t) => {
  const [a, b] = rings(t, { ringSize: LEAST })
  const [big, other] = [pattern(300_000), pattern(200_000)]
  const results = await Promise.all([a.recvBytes(), b.recvBytes(), a.sendBytes(big), b.sendBytes(other)])
  t.true(results[0].equals(other))
  t.true(results[1].equals(big))
})

onLinux('a one-way pipe has its directions, and its end', async (t) => {
  const [receiver, sender] = rings(t, { duplex: false })
  t.like(receiver, { readable: true, writable: false })
  t.like(sender, { readable: false, writable: true })
  await sender.send('there')
  t.is(await receiver.recv(), 'there')
  await sender.close()
  await t.throwsAsync(() => receiver.recv(), { instanceOf: EOFError })
})

onLinux('what was sent before the close arrives, and then the end', async (t) => {
  const [a, b] = rings(t)
  for (let n = 0; n < 1000; n++) void a.send(n)
  await a.close()
  for (let n = 0; n < 1000; n++) t.is(await b.recv(), n)
  await t.throwsAsync(() => b.recv(), { instanceOf: EOFError })
  t.true(await b.poll())
  t.throws(() => b.recvSync(), { instanceOf: EOFError })
})

onLinux('an end that was never used closes without a trace, and its peer sees the end', async (t) => {
  const [a, b] = rings(t)
  await a.close()
  t.throws(() => b.recvSync(), { instanceOf: EOFError })
})

onLinux('a close is seen by a receive, a poll and a wait that wait for it', async (t) => {
  for (const waiting of [
    (end: Connection) => end.recv().catch((error: unknown) => error instanceof EOFError),
    (end: Connection) => end.poll(Infinity),
    async (end: Connection) => (await wait([end])).length === 1,
  ]) {
    const [a, b] = rings(t)
    await a.send('first')
    await b.recv()
    const told = waiting(b)
    await turns()
    await a.close()
    t.true(await told)
  }
})

onLinux('a program that looks again and again learns of the end', async (t) => {
  const [a, b] = rings(t)
  t.is(b.tryRecv(), undefined)
  await a.send('one')
  t.is(b.tryRecv(), 'one')
  t.is(b.tryRecv(), undefined)
  await a.close()
  t.throws(() => b.tryRecv(), { instanceOf: EOFError })
})

onLinux('sending to a peer that is gone fails with EPIPE', async (t) => {
  const [a, b] = rings(t)
  await a.send('one')
  await b.recv()
  await b.close()
  await until(async () => {
    try {
      await a.send('nobody hears')
      await a.flush()
      return false
    } catch (error) {
      return error instanceof SystemError && error.code === 'EPIPE'
    }
  }, 'sending goes on')
  t.pass()
})

onLinux('a send that waits for room fails when the peer goes', async (t) => {
  const [a, b] = rings(t, { ringSize: LEAST, highWaterMark: 0 })
  const sent = a.sendBytes(Buffer.alloc(100_000))
  const failed = t.throwsAsync(sent, { instanceOf: SystemError, code: 'EPIPE' })
  await b.poll(0)
  await b.close()
  await failed
})

onLinux('wait tells which of many rings have something', async (t) => {
  const pipes = Array.from({ length: 40 }, () => rings(t, { ringSize: LEAST }))
  const ends = pipes.map(([, b]) => b)
  t.deepEqual(await wait(ends, { timeout: 0 }), [])
  await pipes[7]![0].send('seven')
  t.deepEqual(await wait(ends), [ends[7]])
  await pipes[3]![0].send('three')
  t.deepEqual(waitSync(ends), [ends[3], ends[7]])
  t.is(await ends[7]!.recv(), 'seven')
  t.deepEqual(waitSync(ends, { timeout: 0 }), [ends[3]])
  t.is(ends[3]!.recvSync(), 'three')
  t.deepEqual(waitSync(ends, { timeout: 0 }), [])
  await Promise.all(ends.map((end) => t.notThrowsAsync(end.send('back'))))
  for (const [a] of pipes) t.is(await a.recv(), 'back')
})

onLinux('an aborted receive leaves its message to the next one', async (t) => {
  const [a, b] = rings(t)
  const abort = new AbortController()
  const aborted = t.throwsAsync(b.recv({ signal: abort.signal }), { any: true })
  await turns()
  abort.abort()
  await aborted
  await a.send('later')
  t.is(await b.recv(), 'later')
})

onLinux('a non-blocking end fails where it would have to wait', async (t) => {
  const [a, b] = rings(t, { rnonblock: true, wnonblock: true, ringSize: LEAST })
  t.throws(() => a.recvSync(), { instanceOf: WouldBlockError })
  a.sendSync('here')
  t.is(b.recvSync(), 'here')
  t.throws(
    () => {
      for (;;) a.sendBytesSync(Buffer.alloc(1000))
    },
    { instanceOf: WouldBlockError },
  )
  t.is(b.recvBytesSync().length, 1000)
})

onLinux('an end is detached before its first use, and not after it', async (t) => {
  const [a, b] = rings(t)
  const before = openDescriptors().size
  t.is(typeof b.fd, 'number')
  await a.send('first')
  t.throws(() => a.detach(), { instanceOf: BusyError, message: /shared memory/ })
  t.is(await b.recv(), 'first')
  t.throws(() => b.detach(), { instanceOf: BusyError, message: /first/ })
  await b.send('still works')
  t.is(await a.recv(), 'still works')
  t.true(openDescriptors().size >= before)
})

onLinux('after its first use an end goes by no message through a socket, and stays', async (t) => {
  const [a, b] = rings(t)
  const [by] = pair(t, { transport: 'socket' })
  await a.send('first')
  await t.throwsAsync(() => by.send({ deep: [a] }), { instanceOf: EncodeError, message: /shared memory is in use/ })
  t.false(a.closed)
  t.is(await b.recv(), 'first')
})

onLinux(
  'after its first use an end goes by a message over shared memory, with all that it has been sent',
  async (t) => {
    const [a, b] = rings(t)
    const [near, far] = rings(t)
    await a.send('first')
    t.is(await b.recv(), 'first')
    await a.send('on its way')
    await near.send({ moving: b })
    t.true(b.closed)
    await a.send('after it')
    const { moving } = (await far.recv()) as { moving: Connection }
    closeAfter(t, moving)
    t.is(moving.transport, 'shared-memory')
    t.is(await moving.recv(), 'on its way')
    t.is(moving.recvSync(), 'after it')
    for (let n = 0; n < 100; n++) {
      await moving.sendBytes(pattern(n * 1000))
      t.true((await a.recvBytes()).equals(pattern(n * 1000)))
    }
    await moving.close()
    await t.throwsAsync(() => a.recv(), { instanceOf: EOFError })
  },
)

onLinux('an end for which a message is held back goes by no message', async (t) => {
  const [a, b] = rings(t)
  const [near] = rings(t)
  await a.send('one')
  t.is(await b.recv(), 'one')
  await a.send('two')
  t.true(await b.poll(Infinity))
  await t.throwsAsync(() => near.send({ b }), { instanceOf: EncodeError, message: /held back/ })
  t.is(await b.recv(), 'two')
})

onLinux('connections go through a ring, each with its message', async (t) => {
  const [a, b] = rings(t, { ringSize: LEAST })
  const pipes = Array.from({ length: 20 }, () => pipe())
  for (const [, there] of pipes) {
    void a.send({ before: 1 })
    void a.send({ there })
    void a.sendBytes(Buffer.alloc(3000))
  }
  for (const [here] of pipes) {
    closeAfter(t, here)
    t.deepEqual(await b.recv(), { before: 1 })
    const { there } = (await b.recv()) as { there: Connection }
    closeAfter(t, there)
    t.is((await b.recvBytes()).length, 3000)
    await there.send('through')
    t.is(await here.recv(), 'through')
  }
})

onLinux('an unused end of a ring goes through a socket and through a ring', async (t) => {
  for (const transport of ['socket', 'shared-memory'] as const) {
    const [a, b] = pair(t, { transport })
    const [here, there] = pipe({ transport: 'shared-memory' })
    closeAfter(t, here)
    await a.send(there)
    t.true(there.closed)
    const arrived = (await b.recv()) as Connection
    closeAfter(t, arrived)
    t.is(arrived.transport, 'shared-memory')
    await here.send('to the one that moved')
    t.is(await arrived.recv(), 'to the one that moved')
  }
})

onLinux('a handle outside of messages is refused, and goes in one', async (t) => {
  const [a, b] = rings(t)
  const refusal = { instanceOf: TypeError, message: /send a Handle in one/ }
  await t.throwsAsync(() => a.sendHandle(1), refusal)
  t.throws(() => a.sendHandleSync(1), refusal)
  await t.throwsAsync(() => b.recvHandle(), refusal)
  t.throws(() => b.recvHandleSync(), refusal)
  await a.send({ handle: new Handle(1) })
  const { handle } = (await b.recv()) as { handle: Handle }
  t.true(handle.fd > 2)
  handle.close()
})

onLinux('sync and async calls of one ring are mixed', async (t) => {
  const [a, b] = rings(t)
  for (let n = 0; n < 200; n++) {
    if (n % 2 === 0) a.sendSync(n)
    else void a.send(n)
    if (n % 3 === 0) t.is(b.recvSync(), n)
    else t.is(await b.recv(), n)
    t.false(b.pollSync())
    t.false(await b.poll())
  }
})

onLinux('a turn’s many messages arrive in a forEach, and timers go on meanwhile', async (t) => {
  const [a, b] = rings(t)
  let [ticks, received] = [0, 0]
  const timer = setInterval(() => ticks++, 1)
  const sending = (async () => {
    for (let n = 0; n < 200_000; n++) await a.send(n)
    await a.close()
  })()
  await b.forEach((n) => {
    if (n !== received++) throw new Error(`${String(n)} came as number ${received - 1}`)
  })
  clearInterval(timer)
  await sending
  t.is(received, 200_000)
  t.true(ticks > 0)
})
