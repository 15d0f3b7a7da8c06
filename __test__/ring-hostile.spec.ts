// A peer that means ill, with the memory in its hands: the worst that may come of it is an error on that connection.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import test, { type ExecutionContext } from 'ava'
import { Connection, CaromError, pipe, ProtocolError } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { fixture } from './children.ts'
import { interpreters } from './interpreters.ts'
import { closeAfter } from './pairs.ts'

checkDescriptors(test)

const onLinux = process.platform === 'linux' ? test.serial : test.serial.skip

const SHARED = { transport: 'shared-memory' } as const

const python = interpreters().then((found) => found.at(-1)!)

/** Starts a hostile peer with the other end of a connection. Resolves with what resolves when it has ended. */
async function start(
  t: ExecutionContext,
  play: string,
  end: Connection,
  seed = 1,
): Promise<{ ended: Promise<unknown> }> {
  const child = spawn((await python).path, [fixture('python/hostile_ring.py'), play, String(seed)], {
    stdio: ['ignore', 'ignore', 'inherit', end.fd],
  })
  void end.close()
  const ended = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return { ended }
}

/** An end that expects an offer, and the socket's other end. */
function expecting(t: ExecutionContext): [Connection, Connection] {
  const [a, b] = pipe()
  const end = Connection.fromFd(a.detach(), SHARED)
  closeAfter(t, end)
  closeAfter(t, b)
  return [end, b]
}

for (const [name, message] of [
  ['unsealed', /sealed/],
  ['read-only', /may not write/],
  ['only a name', /sealed/],
  ['odd size', /size/],
  ['a file', /sealed/],
  ['two descriptors', /2 descriptors/],
  ['no descriptor', /0 descriptors/],
  ['another version', /form/],
] as const) {
  onLinux(`an offer of memory with a fault is refused: ${name}`, async (t) => {
    const [end, other] = expecting(t)
    await (
      await start(t, name, other)
    ).ended
    await t.throwsAsync(() => end.recv(), { instanceOf: ProtocolError, message })
    await t.throwsAsync(() => end.recv(), { message })
    await t.throwsAsync(async () => {
      await end.send('x')
      await end.flush()
    })
  })
}

onLinux('half an offer and the end is a connection that was cut short', async (t) => {
  const [end, other] = expecting(t)
  await (
    await start(t, 'half an offer', other)
  ).ended
  await t.throwsAsync(() => end.recv(), { instanceOf: ProtocolError })
})

for (const play of ['scribble', 'noise']) {
  onLinux(`whatever is written into the ring, this process goes on: ${play}`, async (t) => {
    for (let seed = 1; seed <= 8; seed++) {
      const [here, there] = pipe({ ...SHARED, ringSize: 4096, maxMessageSize: 100_000 })
      closeAfter(t, here)
      if (seed % 2 === 0) await here.send('in use before')
      const { ended } = await start(t, play, there, seed)
      const sending = (async () => {
        for (let n = 0; n < 10_000; n++) await here.sendBytes(Buffer.alloc(n % 5000))
      })().catch((error: unknown) => error)
      const receiving = (async () => {
        for (;;) await here.recvBytes()
      })().catch((error: unknown) => error)
      await ended
      const error = await receiving
      t.true(error instanceof CaromError, String(error))
      await here.close()
      const failure = await sending
      t.true(failure === undefined || failure instanceof CaromError, String(failure))
    }
  })

  onLinux(`blocking calls come back from a hostile ring too: ${play}`, async (t) => {
    for (let seed = 20; seed < 28; seed++) {
      const [here, there] = pipe({ ...SHARED, ringSize: 4096, maxMessageSize: 100_000 })
      closeAfter(t, here)
      const { ended } = await start(t, play, there, seed)
      const error = t.throws(() => {
        for (let n = 0; ; n++) {
          if (seed % 2 === 0) here.sendBytesSync(Buffer.alloc(n % 3000))
          here.recvBytesSync()
        }
      })
      t.true(error instanceof CaromError, String(error))
      await ended
    }
  })
}
