// Messages to and from every Python of the machine, and billiard, which listens or connects.

import test, { type ExecutionContext } from 'ava'
import { type Connection, connect, connectSync, type ConnectionOptions, EOFError, Listener } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { PATIENCE } from './handshakes.ts'
import { FAMILIES, type Outcome, type PythonPeer, pythonPeers, PYTHONS } from './python-peers.ts'
import { patterned } from './wire.ts'

const peerOf = pythonPeers(test)
checkDescriptors(test)

const KEY = Buffer.from('a key that both know')
/** No length, the least, both sides of where Python begins to write a header by itself, and many times any buffer. */
const SIZES = [0, 1, 16_384, 16_385, 8_388_608]
const MESSAGES = SIZES.map((size, n) => patterned(size, n))
const VALUES = [null, true, -1, 2n ** 70n, 1.5, 'é🎱', Buffer.of(0, 255), [1, ['a', {}]], { a: { b: [null] } }]

type Waiting = 'async' | 'sync'

/** A connection from Python, or to it, on which Python does `act` until the end; and then what became of it. */
async function meet(
  peer: PythonPeer,
  { listens, family, waiting }: { listens: 'Python' | 'Node'; family: 'AF_UNIX' | 'AF_INET'; waiting: Waiting },
  act: string,
  use: (connection: Connection) => Promise<void> | void,
): Promise<Outcome> {
  const options: ConnectionOptions & { authkey: Buffer; handshakeTimeout: number } = {
    authkey: KEY,
    handshakeTimeout: PATIENCE,
    codec: 'pickle',
  }
  if (listens === 'Python') {
    const address = await peer.listen(family, KEY)
    const { outcome } = await peer.accept(act)
    const connection = waiting === 'sync' ? connectSync(address, options) : await connect(address, options)
    await finish(connection, use)
    return await outcome
  }
  const listener = new Listener(undefined, { ...options, family })
  try {
    const { outcome } = await peer.connect(listener.address, KEY, act)
    const connection = waiting === 'sync' ? listener.acceptSync() : await listener.accept()
    await finish(connection, use)
    return await outcome
  } finally {
    await listener.close()
  }
}

async function finish(connection: Connection, use: (connection: Connection) => Promise<void> | void): Promise<void> {
  try {
    await use(connection)
  } finally {
    await connection.close()
  }
}

const cases = PYTHONS.flatMap((python) =>
  FAMILIES.flatMap((family) =>
    (['Python', 'Node'] as const).flatMap((listens) =>
      (['async', 'sync'] as const).map((waiting) => ({ python, family, listens, waiting })),
    ),
  ),
)

// One after the other: a blocking call must not keep the event loop from the work that the same Python waits for.
for (const { python, ...how } of cases) {
  const title = `${python.name}, ${how.family}, ${how.listens} listens, Node is ${how.waiting}`

  test.serial(`${title}: bytes of all sizes arrive whole, and come back`, async (t) => {
    const outcome = await meet(peerOf(python), how, 'echo_bytes', async (connection) => {
      for (const message of MESSAGES) {
        const back = await exchange(connection, message, how.waiting)
        t.true(back.equals(message), `${message.length} bytes`)
      }
    })
    t.like(outcome, { value: 'the end' })
  })

  test.serial(`${title}: objects arrive, and come back`, async (t) => {
    const outcome = await meet(peerOf(python), how, 'echo_objects', async (connection) => {
      for (const value of VALUES) {
        if (how.waiting === 'sync') {
          connection.sendSync(value)
          t.deepEqual(connection.recvSync(), value)
        } else {
          await connection.send(value)
          t.deepEqual(await connection.recv(), value)
        }
      }
    })
    t.like(outcome, { value: 'the end' })
  })
}

async function exchange(connection: Connection, message: Buffer, waiting: Waiting): Promise<Buffer> {
  if (waiting === 'sync') {
    connection.sendBytesSync(message)
    return connection.recvBytesSync()
  }
  const sending = connection.sendBytes(message)
  const back = await connection.recvBytes()
  await sending
  return back
}

for (const python of PYTHONS) {
  for (const family of FAMILIES) {
    const sent = ['first', 2, ['third']]

    // The first message may come in one segment with the last of the handshake.
    test.serial(`${python.name}, ${family}: messages that it sends at once arrive, then the end`, async (t) => {
      const outcome = await meetSender(peerOf(python), family, KEY, sent, async (listener) => {
        await receiveAll(t, await listener.accept(), sent)
      })
      t.like(outcome, { value: 'sent' })
    })

    test.serial(
      `${python.name}, ${family}: what it sent arrives although it has closed before it is accepted`,
      async (t) => {
        await meetSender(peerOf(python), family, null, sent, async (listener, outcome) => {
          t.like(await outcome, { value: 'sent' })
          await receiveAll(t, await listener.accept(), sent)
        })
      },
    )
  }
}

async function meetSender(
  peer: PythonPeer,
  family: 'AF_UNIX' | 'AF_INET',
  key: Buffer | null,
  values: unknown[],
  use: (listener: Listener, outcome: Promise<Outcome>) => Promise<void>,
): Promise<Outcome> {
  const listener = new Listener(undefined, {
    family,
    codec: 'pickle',
    ...(key && { authkey: key, handshakeTimeout: PATIENCE }),
  })
  try {
    const { outcome } = await peer.connect(listener.address, key, 'send', ...values)
    await use(listener, outcome)
    return await outcome
  } finally {
    await listener.close()
  }
}

async function receiveAll(t: ExecutionContext, connection: Connection, values: unknown[]): Promise<void> {
  await finish(connection, async () => {
    for (const value of values) t.deepEqual(await connection.recv(), value)
    await t.throwsAsync(() => connection.recv(), { instanceOf: EOFError })
  })
}
