import test, { type ExecutionContext } from 'ava'
import { type Connection, pipe, wait } from 'carom'
import { startChild } from './children.ts'
import { checkDescriptors } from './descriptors.ts'
import { listen } from './listeners.ts'
import { closeAfter } from './pairs.ts'

checkDescriptors(test)

/** A connection whose peer writes messages of `size` bytes without a pause, until it is closed. */
async function flooded(t: ExecutionContext, size: number): Promise<Connection<unknown>> {
  const [here, there] = pipe()
  closeAfter(t, here)
  startChild(t, 'flood-frames.ts', { ends: [there], args: [String(size)] })
  t.true(await here.poll(Infinity))
  return here
}

/** Whether timers have run, some after the other. */
function timers(): { ran: boolean } {
  const state = { ran: false }
  let left = 5
  const next = (): void => {
    if (--left > 0) setTimeout(next, 1)
    else state.ran = true
  }
  setTimeout(next, 1)
  return state
}

/** Each goes on until timers have run: a loop that kept them from it would never end. */
const loops: Record<string, (connection: Connection, state: { ran: boolean }) => Promise<void>> = {
  'poll, then tryRecvBytes until nothing is left': async (connection, state) => {
    while (!state.ran && (await connection.poll(Infinity))) while (connection.tryRecvBytes());
  },
  'poll, then one message': async (connection, state) => {
    while (!state.ran && (await connection.poll(Infinity))) connection.tryRecvBytes()
  },
  'poll that just looks': async (connection, state) => {
    while (!state.ran) if (await connection.poll()) connection.tryRecvBytes()
  },
  wait: async (connection, state) => {
    while (!state.ran) for (const each of await wait([connection])) await each.recvBytes()
  },
  'wait that just looks': async (connection, state) => {
    while (!state.ran) for (const each of await wait([connection], { timeout: 0 })) each.tryRecvBytes()
  },
  recvBytes: async (connection, state) => {
    while (!state.ran) await connection.recvBytes()
  },
  'several recvBytes at once': async (connection, state) => {
    while (!state.ran) await Promise.all(Array.from({ length: 100 }, () => connection.recvBytes()))
  },
  recvBytesInto: async (connection, state) => {
    const memory = Buffer.alloc(65_536)
    while (!state.ran) await connection.recvBytesInto(memory)
  },
  iteration: async (connection, state) => {
    for await (const _ of connection.bytes()) if (state.ran) return
  },
}

for (const [name, loop] of Object.entries(loops)) {
  for (const size of [1, 1000, 60_000]) {
    test(`timers run while a peer floods: ${name}, messages of ${size} bytes`, async (t) => {
      const connection = await flooded(t, size)
      await loop(connection, timers())
      t.pass()
    })
  }
}

/** Counts the turns of the event loop until it is asked. */
function countTurns(): () => number {
  let count = 0
  let counting = true
  const next = (): void => {
    count++
    if (counting) setImmediate(next)
  }
  setImmediate(next)
  return () => {
    counting = false
    return count
  }
}

const MiB = 1024 * 1024

/** A turn of the event loop reads 1 MiB: counted from its beginning, and again from a report of readiness. */
const MOST_IN_A_TURN = 4 * MiB

for (const memory of ['its own', "the caller's"]) {
  const receive = async (connection: Connection, size: number): Promise<number> =>
    memory === 'its own'
      ? (await connection.recvBytes()).length
      : await connection.recvBytesInto(Buffer.allocUnsafeSlow(size))

  test(`one long message, received into ${memory} memory, leaves room for the rest of the program, however fast its peer is`, async (t) => {
    const size = 64 * MiB
    const connection = await flooded(t, size)
    for (let n = 0; n < 3; n++) {
      const turns = countTurns()
      t.is(await receive(connection, size), size)
      if (n > 0) t.true(turns() >= size / MOST_IN_A_TURN)
      else turns()
    }
  })

  if (process.platform === 'linux') {
    test(`the same, over shared memory that has all of the message already, into ${memory} memory`, async (t) => {
      const size = 32 * MiB
      const [a, b] = pipe({ transport: 'shared-memory', ringSize: 2 * size })
      closeAfter(t, a)
      closeAfter(t, b)
      const started = b.recvBytes()
      await a.sendBytes(Buffer.of(1))
      await started
      a.sendBytesSync(Buffer.alloc(size))
      t.is(a.bufferedAmount, 0)
      const turns = countTurns()
      t.is(await receive(b, size), size)
      t.true(turns() >= size / MOST_IN_A_TURN)
    })
  }
}

test('a slow receiver of many small messages that are here already leaves room for timers', async (t) => {
  const [a, b] = pipe()
  closeAfter(t, a)
  closeAfter(t, b)
  for (let n = 0; n < 10_000; n++) void a.sendBytes(Buffer.of(n))
  const state = timers()
  let received = 0
  for await (const _ of b.bytes()) {
    received++
    const end = performance.now() + 0.2
    while (performance.now() < end);
    if (state.ran) break
  }
  t.true(received < 10_000, 'all of them were received before a timer ran')
})

test('a program that never leaves its turn receives every message that is there by tryRecvBytes', async (t) => {
  const connection = await flooded(t, 60_000)
  // Far more than a turn's share.
  for (let received = 0; received < 200;) if (connection.tryRecvBytes()) received++
  t.pass()
})

test('blocking calls have the turn for themselves', async (t) => {
  const connection = await flooded(t, 60_000)
  for (let received = 0; received < 200; received++) {
    t.true(connection.pollSync(Infinity))
    connection.recvBytesSync()
  }
})

test('one flood leaves room for the messages of others', async (t) => {
  const connection = await flooded(t, 1)
  const [a, b] = pipe()
  closeAfter(t, a)
  closeAfter(t, b)
  const receiving = b.recv()
  let done = false
  const draining = (async () => {
    for await (const _ of connection.bytes()) if (done) return
  })()
  setImmediate(() => void a.send('through'))
  t.is(await receiving, 'through')
  done = true
  await draining
})

test('timers run while clients connect without a pause', async (t) => {
  const listener = listen(t, { host: '127.0.0.1', port: 0 }, { backlog: 4096 })
  const { port } = listener.address as { port: number }
  for (let n = 0; n < 2; n++) startChild(t, 'flood-connects.ts', { args: [String(port)] })
  await (await listener.accept()).close()
  const state = timers()
  while (!state.ran) void (await listener.accept()).close()
  t.pass()
})
