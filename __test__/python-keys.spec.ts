// Keys between Node and every Python of the machine, and billiard: the right one, a wrong one, and none at one end.

import test, { type ExecutionContext } from 'ava'
import { AuthenticationError, type CaromError, connect, connectSync, EOFError, Listener, TimeoutError } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { PATIENCE } from './handshakes.ts'
import { closeAfter } from './pairs.ts'
import { FAMILIES, type PythonPeer, pythonPeers, PYTHONS } from './python-peers.ts'

const peerOf = pythonPeers(test)
checkDescriptors(test)

const KEY = Buffer.from('a key that both know')
const OTHER = Buffer.from('another key')
/** Milliseconds to wait before a test concludes that nothing will come. */
const SHORT = 100

function listen(t: ExecutionContext, options: ConstructorParameters<typeof Listener>[1]): Listener {
  const listener = new Listener(undefined, options)
  t.teardown(() => listener.close())
  return listener
}

function refusal(listener: Listener): Promise<CaromError & { reason?: string }> {
  return new Promise((resolve) => listener.once('authenticationFailure', (error) => resolve(error as CaromError)))
}

/** Python connects with the right key, and is let in by the accept that has been waiting since before it was refused. */
async function letsInThe(
  t: ExecutionContext,
  peer: PythonPeer,
  listener: Listener,
  accepted: ReturnType<Listener['accept']>,
): Promise<void> {
  const { outcome } = await peer.connect(listener.address, KEY, 'receive')
  const connection = await accepted
  await connection.sendBytes(Buffer.from('welcome'))
  await connection.close()
  t.deepEqual((await outcome).value, [Buffer.from('welcome')])
}

for (const python of PYTHONS) {
  for (const family of FAMILIES) {
    const name = `${python.name}, ${family}`

    for (const key of ['k', 'x'.repeat(64), 'x'.repeat(65), 'k'.repeat(200), '\0\xff']) {
      const bytes = Buffer.from(key, 'latin1')
      test.serial(`${name}: a key of ${bytes.length} bytes, '${key[0]}…', is the same at both ends`, async (t) => {
        const peer = peerOf(python)
        const address = await peer.listen(family, bytes)
        const accepting = await peer.accept('receive')
        await (await connect(address, { authkey: bytes, handshakeTimeout: PATIENCE })).close()
        t.deepEqual((await accepting.outcome).value, [])

        const listener = listen(t, { family, authkey: bytes, handshakeTimeout: PATIENCE })
        const connecting = await peer.connect(listener.address, bytes, 'receive')
        await (await listener.accept()).close()
        t.deepEqual((await connecting.outcome).value, [])
      })
    }

    for (const waiting of ['async', 'sync'] as const) {
      test.serial(`${name}: Python listens, Node has another key and is ${waiting}: both are told`, async (t) => {
        const peer = peerOf(python)
        const address = await peer.listen(family, KEY)
        const { outcome } = await peer.accept('receive')
        const error = await (async () => connect0(waiting, address, OTHER))().then(
          () => t.fail(),
          (reason: unknown) => reason,
        )
        t.true(error instanceof AuthenticationError)
        t.is((error as AuthenticationError).reason, 'rejected')
        t.like(await outcome, { error: 'AuthenticationError', message: 'digest received was wrong' })

        const again = await peer.accept('receive')
        await (await connect(address, { authkey: KEY, handshakeTimeout: PATIENCE })).close()
        t.deepEqual((await again.outcome).value, [])
      })
    }

    test.serial(
      `${name}: Node listens, Python has another key: both are told, and the next peer is let in`,
      async (t) => {
        const peer = peerOf(python)
        const listener = listen(t, { family, authkey: KEY, handshakeTimeout: PATIENCE })
        const refused = refusal(listener)
        const accepted = listener.accept()
        const { outcome } = await peer.connect(listener.address, OTHER, 'receive')
        t.like(await refused, { code: 'ERR_CAROM_AUTHENTICATION', reason: 'wrong-answer' })
        t.like(await outcome, { error: 'AuthenticationError', message: 'digest sent was rejected' })
        await letsInThe(t, peer, listener, accepted)
      },
    )

    test.serial(`${name}: Node listens and blocks, Python has another key: both are told`, async (t) => {
      const peer = peerOf(python)
      const listener = listen(t, { family, authkey: KEY, handshakeTimeout: PATIENCE })
      const { outcome } = await peer.connect(listener.address, OTHER, 'receive')
      const error = t.throws(() => listener.acceptSync(), { instanceOf: AuthenticationError })
      t.is(error.reason, 'wrong-answer')
      t.like(await outcome, { error: 'AuthenticationError', message: 'digest sent was rejected' })
      await letsInThe(t, peer, listener, listener.accept())
    })

    test.serial(`${name}: no key at either end needs none`, async (t) => {
      const peer = peerOf(python)
      const address = await peer.listen(family)
      const accepting = await peer.accept('receive')
      const client = await connect(address)
      await client.sendBytes(Buffer.from('hello'))
      await client.close()
      t.deepEqual((await accepting.outcome).value, [Buffer.from('hello')])

      const listener = listen(t, { family })
      const connecting = await peer.connect(listener.address, null, 'receive')
      const server = await listener.accept()
      await server.sendBytes(Buffer.from('hello'))
      await server.close()
      t.deepEqual((await connecting.outcome).value, [Buffer.from('hello')])
    })

    for (const waiting of ['async', 'sync'] as const) {
      test.serial(
        `${name}: Python listens without a key and is silent: Node, which has one and is ${waiting}, gives up`,
        async (t) => {
          const peer = peerOf(python)
          const address = await peer.listen(family)
          const { outcome } = await peer.accept('receive')
          await t.throwsAsync(async () => connect0(waiting, address, KEY, SHORT), { instanceOf: TimeoutError })
          t.deepEqual((await outcome).value, [])
        },
      )

      test.serial(
        `${name}: Python listens without a key and speaks first: Node, which has one and is ${waiting}, says so`,
        async (t) => {
          const peer = peerOf(python)
          const address = await peer.listen(family)
          const { outcome } = await peer.accept('send_and_receive', Buffer.from('hello'))
          const error = await t.throwsAsync(async () => connect0(waiting, address, KEY), {
            instanceOf: AuthenticationError,
            message: /hello/,
          })
          t.is((error as AuthenticationError).reason, 'not-a-challenge')
          t.deepEqual((await outcome).value, [])
        },
      )
    }

    test.serial(
      `${name}: Python listens with a key, Node has none: Python refuses it, and it sees that and the end`,
      async (t) => {
        const peer = peerOf(python)
        const address = await peer.listen(family, KEY)
        const { outcome } = await peer.accept('receive')
        const connection = await connect(address)
        closeAfter(t, connection)
        t.regex((await connection.recvBytes()).toString('latin1'), /^#CHALLENGE#/)
        await connection.sendBytes(Buffer.from('hello'))
        t.like(await outcome, { error: 'AuthenticationError' })
        t.deepEqual(await connection.recvBytes(), Buffer.from('#FAILURE#'))
        await t.throwsAsync(() => connection.recvBytes(), { instanceOf: EOFError })
      },
    )

    test.serial(
      `${name}: Node listens with a key, Python has none and speaks: it is refused, and sees that and the end`,
      async (t) => {
        const peer = peerOf(python)
        const listener = listen(t, { family, authkey: KEY, handshakeTimeout: PATIENCE })
        const refused = refusal(listener)
        const accepted = listener.accept()
        const { outcome } = await peer.connect(listener.address, null, 'send_and_receive', Buffer.from('hello'))
        t.like(await refused, { code: 'ERR_CAROM_AUTHENTICATION', reason: 'not-an-answer' })
        const [challenge, verdict, ...more] = (await outcome).value as Buffer[]
        t.regex(challenge!.toString('latin1'), /^#CHALLENGE#\{sha256\}/)
        t.deepEqual([verdict, ...more], [Buffer.from('#FAILURE#')])
        await letsInThe(t, peer, listener, accepted)
      },
    )

    test.serial(
      `${name}: Node listens with a key, Python has none and is silent: it is shown out after a while`,
      async (t) => {
        const peer = peerOf(python)
        const listener = listen(t, { family, authkey: KEY, handshakeTimeout: SHORT })
        const refused = refusal(listener)
        const accepted = listener.accept()
        accepted.catch(() => {})
        const { outcome } = await peer.connect(listener.address, null, 'receive')
        t.true((await refused) instanceof TimeoutError)
        t.is(((await outcome).value as Buffer[]).length, 1)
      },
    )

    test.serial(
      `${name}: Node listens and blocks with a key, Python has none and is silent: the call ends`,
      async (t) => {
        const peer = peerOf(python)
        const listener = listen(t, { family, authkey: KEY, handshakeTimeout: SHORT })
        const { outcome } = await peer.connect(listener.address, null, 'receive')
        t.throws(() => listener.acceptSync(), { instanceOf: TimeoutError })
        t.is(((await outcome).value as Buffer[]).length, 1)
      },
    )

    for (const speaks of [true, false]) {
      test.serial(
        `${name}: Node listens without a key and ${speaks ? 'speaks' : 'closes'}, Python has one: Python gives up`,
        async (t) => {
          const peer = peerOf(python)
          const listener = listen(t, { family })
          const { outcome } = await peer.connect(listener.address, KEY, 'receive')
          const connection = await listener.accept()
          if (speaks) await connection.sendBytes(Buffer.from('hello'))
          await connection.close()
          const { error } = await outcome
          t.is(error, speaks ? (python.legacy ? 'AssertionError' : 'AuthenticationError') : 'EOFError')
        },
      )
    }

    test.serial(`${name}: a listener that does not take MD5 refuses Python if that is older than 3.12`, async (t) => {
      const peer = peerOf(python)
      const listener = listen(t, { family, authkey: KEY, handshakeTimeout: PATIENCE, digests: ['sha256'] })
      const refused = refusal(listener)
      const accepted = listener.accept()
      accepted.catch(() => {})
      const { outcome } = await peer.connect(listener.address, KEY, 'receive')
      if (python.legacy) {
        t.like(await refused, { code: 'ERR_CAROM_AUTHENTICATION', reason: 'legacy-refused' })
        t.like(await outcome, { error: 'AuthenticationError', message: 'digest sent was rejected' })
      } else {
        await (await accepted).close()
        t.deepEqual((await outcome).value, [])
      }
    })

    test.serial(`${name}: a client that does not take MD5 refuses Python if that is older than 3.12`, async (t) => {
      const peer = peerOf(python)
      const address = await peer.listen(family, KEY)
      const { outcome } = await peer.accept('receive')
      const connecting = connect(address, { authkey: KEY, handshakeTimeout: PATIENCE, digests: ['sha256', 'sha384'] })
      if (python.legacy) {
        const error = await t.throwsAsync(connecting, { instanceOf: AuthenticationError })
        t.is(error?.reason, 'legacy-refused')
        t.is((await outcome).error, 'EOFError')
      } else {
        await (await connecting).close()
        t.deepEqual((await outcome).value, [])
      }
    })
  }
}

async function connect0(
  waiting: 'async' | 'sync',
  address: Parameters<typeof connect>[0],
  authkey: Buffer,
  handshakeTimeout = 60_000,
): Promise<void> {
  const options = { authkey, handshakeTimeout }
  const connection = waiting === 'sync' ? connectSync(address, options) : await connect(address, options)
  await connection.close()
}
