import { closeSync } from 'node:fs'
import test from 'ava'
import { ConnectionClosedError, SystemError, wait, waitSync, type Connection } from 'carom'
import { endedWell, fixture, startChild, startProgram } from './children.ts'
import { checkDescriptors } from './descriptors.ts'
import { pair, pairWithRawEnd } from './pairs.ts'
import { overSharedMemory } from './transport.ts'
import { turns, watch } from './until.ts'
import { frame, readFrame, writeAll } from './wire.ts'

checkDescriptors(test)

type Objects = Iterable<Connection | number>
type Wait = (objects: Objects, options?: { timeout?: number }) => Promise<(Connection | number)[]>

const twins: [string, Wait][] = [
  ['wait', (objects, options) => wait(objects, options)],
  ['waitSync', async (objects, options) => waitSync(objects, options)],
]

for (const [name, waitFor] of twins) {
  test(`${name} gives the objects that are ready, in the order given`, async (t) => {
    const pairs = Array.from({ length: 6 }, () => pair(t))
    for (const n of [4, 1, 3]) pairs[n]?.[1].sendSync(n)
    const ends = pairs.map(([near]) => near)
    t.deepEqual(await waitFor(ends), [ends[1], ends[3], ends[4]] as Connection[])
    t.deepEqual(await waitFor(ends.toReversed()), [ends[4], ends[3], ends[1]] as Connection[])
  })

  test(`${name} is level-triggered: an object stays ready until its message is taken`, async (t) => {
    const [a, b] = pair(t)
    b.sendSync(1)
    for (let n = 0; n < 3; n++) t.deepEqual(await waitFor([a]), [a])
    a.recvSync()
    t.deepEqual(await waitFor([a], { timeout: 0 }), [])
  })

  test(`${name} with timeout 0, or a negative one, just looks`, async (t) => {
    const [a, b] = pair(t)
    for (const timeout of [0, -1, -Infinity]) t.deepEqual(await waitFor([a, b], { timeout }), [])
    b.sendSync(1)
    for (const timeout of [0, -1, -Infinity]) t.deepEqual(await waitFor([a, b], { timeout }), [a])
  })

  test(`${name} gives nothing when the time is over, and not before`, async (t) => {
    const [a, b] = pair(t)
    const started = performance.now()
    t.deepEqual(await waitFor([a, b], { timeout: 50 }), [])
    t.true(performance.now() - started >= 49)
  })

  test(`${name} of no objects is over at once, whatever the timeout`, async (t) => {
    t.deepEqual(await waitFor([]), [])
    t.deepEqual(await waitFor([], { timeout: Infinity }), [])
  })

  test(`${name} finds a closed peer ready, again and again`, async (t) => {
    const [a, b] = pair(t)
    const [c] = pair(t)
    await b.close()
    for (let n = 0; n < 3; n++) t.deepEqual(await waitFor([c, a]), [a])
    await t.throwsAsync(() => a.recv(), { code: 'ERR_CAROM_EOF' })
    t.deepEqual(await waitFor([c, a]), [a])
  })

  test(`${name} finds a connection ready whose next message is already in the buffer`, async (t) => {
    const [a, b] = pair(t)
    for (const n of [1, 2, 3]) b.sendSync(n)
    t.is(await a.recv(), 1)
    t.deepEqual(await waitFor([a]), [a])
    t.is(a.recvSync(), 2)
    t.deepEqual(await waitFor([a], { timeout: 0 }), [a])
    t.is(await a.recv(), 3)
    t.deepEqual(await waitFor([a], { timeout: 0 }), [])
  })

  test(`${name} does not find a part of a message ready`, async (t) => {
    const { connection, fd } = pairWithRawEnd(t)
    const bytes = frame('message')
    writeAll(fd, bytes.subarray(0, 3))
    t.deepEqual(await waitFor([connection], { timeout: 0 }), [])
    writeAll(fd, bytes.subarray(3, 8))
    t.deepEqual(await waitFor([connection], { timeout: 1 }), [])
    writeAll(fd, bytes.subarray(8))
    t.deepEqual(await waitFor([connection]), [connection])
    t.is(connection.recvBytesSync().toString(), 'message')
  })

  test(`${name} reports an object once that is given twice`, async (t) => {
    const [a, b] = pair(t)
    b.sendSync(1)
    t.deepEqual(await waitFor([a, a, a]), [a])
  })

  test(`${name} takes any iterable`, async (t) => {
    const [a, b] = pair(t)
    b.sendSync(1)
    function* generate(): Iterable<Connection> {
      yield b
      yield a
    }
    t.deepEqual(await waitFor(generate()), [a])
    t.deepEqual(await waitFor(new Set([b, a])), [a])
  })

  test(`${name} takes integer descriptors among connections`, async (t) => {
    const [a, b] = pair(t)
    const { connection, fd } = pairWithRawEnd(t)
    t.deepEqual(await waitFor([fd, a], { timeout: 0 }), [])
    connection.sendBytesSync(Buffer.from('x'))
    t.deepEqual(await waitFor([a, fd]), [fd])
    b.sendSync(1)
    t.deepEqual(await waitFor([fd, a, fd]), [fd, a])
    t.is(readFrame(fd).toString(), 'x')
    t.deepEqual(await waitFor([fd, a]), [a])
  })

  test(`${name} takes a connection and its own descriptor for two objects`, async (t) => {
    const [a, b] = pair(t)
    t.deepEqual(await waitFor([a, a.fd], { timeout: 0 }), [])
    b.sendSync(1)
    // A message in shared memory shows at the socket beside it only where the other end rings.
    const ready = await waitFor([a.fd, a])
    t.deepEqual(overSharedMemory ? ready.filter((each) => each === a) : ready, overSharedMemory ? [a] : [a.fd, a])
  })

  test(`${name} refuses a closed connection`, async (t) => {
    const [a, b] = pair(t)
    await a.close()
    await t.throwsAsync(() => waitFor([b, a]), { instanceOf: ConnectionClosedError })
  })

  test(`${name} refuses a descriptor that is not open`, async (t) => {
    const [a] = pair(t)
    const [c] = pair(t)
    const fd = c.detach()
    closeSync(fd)
    const error = await t.throwsAsync(() => waitFor([a, fd]), { instanceOf: SystemError, code: 'EBADF' })
    t.true((error as SystemError).errno < 0)
  })
}

test('wait is woken by the first of many that has a message', async (t) => {
  const pairs = Array.from({ length: 50 }, () => pair(t))
  const ends = pairs.map(([near]) => near)
  const waiting = wait(ends)
  const state = watch(waiting)
  await turns()
  t.false(state.settled)
  void pairs[37]?.[1].send('here')
  t.deepEqual(await waiting, [ends[37] as Connection])
})

test('wait is woken by a descriptor', async (t) => {
  const { connection, fd } = pairWithRawEnd(t)
  const [a] = pair(t)
  const waiting = wait([a, fd])
  await turns(2)
  await connection.send('x')
  t.deepEqual(await waiting, [fd])
})

test('many waits may overlap, over the same objects', async (t) => {
  const [a, b] = pair(t)
  const [c, d] = pair(t)
  const waiting = [wait([a, c]), wait([c]), wait([a]), wait([a, c], { timeout: 600_000 })]
  await d.send('for c')
  t.deepEqual(await waiting[1], [c])
  t.deepEqual(await waiting[0], [c])
  t.deepEqual(await waiting[3], [c])
  await b.send('for a')
  t.deepEqual(await waiting[2], [a])
})

test('a finished wait leaves nothing behind: the connection can be received from and waited for again', async (t) => {
  const [a, b] = pair(t)
  for (let n = 0; n < 200; n++) {
    t.deepEqual(await wait([a], { timeout: 0 }), [])
    const waiting = wait([a])
    await b.send(n)
    t.deepEqual(await waiting, [a])
    t.is(await a.recv(), n)
  }
})

test('forty messages of four writing children are gathered by wait', async (t) => {
  const writers = new Map<Connection, unknown[]>()
  for (let n = 0; n < 4; n++) {
    const [near, far] = pair(t, { duplex: false })
    startChild(t, 'send-ten.ts', { ends: [far], args: [String(n)] })
    writers.set(near, [])
  }
  const open = new Set(writers.keys())
  while (open.size > 0) {
    for (const ready of (await wait(open)) as Connection[]) {
      try {
        writers.get(ready)?.push(await ready.recv())
      } catch (error) {
        t.is((error as NodeJS.ErrnoException).code, 'ERR_CAROM_EOF')
        open.delete(ready)
      }
    }
  }
  const expected = [0, 1, 2, 3].map((writer) => Array.from({ length: 10 }, (_, message) => ({ writer, message })))
  t.deepEqual([...writers.values()], expected)
})

test('wait and waitSync take more than 1,024 descriptors', async (t) => {
  const command = 'ulimit -n 8192 && exec "$0" "$@"'
  const args = ['-c', command, process.execPath, ...process.execArgv, fixture('wait-for-many.ts')]
  const child = startProgram(t, 'sh', args)
  t.like(await child.ended, { ...endedWell, stdout: 'wait: 1498\nwaitSync: 1498\nno more\n' })
})
