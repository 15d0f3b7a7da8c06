// The features that only TCP has: keep-alive, acknowledgements, and the zones of IPv6 addresses.

import { spawnSync } from 'node:child_process'
import { networkInterfaces } from 'node:os'
import test from 'ava'
import { connect, connectSync, Listener, type Address, type Connection, type ListenerOptions } from 'carom'
import { startProgram } from './children.ts'
import { checkDescriptors } from './descriptors.ts'
import { closeAfter } from './pairs.ts'
import { connected, listen } from './listeners.ts'
import { until } from './until.ts'

checkDescriptors(test)

/** SO_KEEPALIVE, and the seconds of TCP_KEEPIDLE. */
function keepAlive({ fd }: Connection): [boolean, number] {
  const program =
    'import socket; s = socket.socket(fileno=3); print(s.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), s.getsockopt(6, 4))'
  const { stdout } = spawnSync('python3', ['-c', program], {
    stdio: ['ignore', 'pipe', 'inherit', fd],
    encoding: 'utf8',
  })
  const [on, idle] = stdout.split(' ').map(Number)
  return [on === 1, idle!]
}

const onLinux = process.platform === 'linux' ? test : test.skip

onLinux(
  'both ends are kept alive by TCP, unless that is switched off, from a time on that can be chosen',
  async (t) => {
    const system = 7200
    for (const [options, expected] of [
      [{}, [true, system]],
      [{ keepAlive: true, keepAliveInitialDelay: 0 }, [true, system]],
      [{ keepAlive: true, keepAliveInitialDelay: 30_000 }, [true, 30]],
      [{ keepAlive: false }, [false, system]],
    ] as [ListenerOptions, [boolean, number]][]) {
      const listener = listen(t, { host: '127.0.0.1', port: 0 }, options)
      const ends = await connected(t, listener, options as object)
      const client = connectSync(listener.address, options as object)
      closeAfter(t, client)
      closeAfter(t, await listener.accept())
      for (const end of [...ends, client]) t.deepEqual(keepAlive(end)[0], expected[0], JSON.stringify(options))
      if (expected[1] !== system) for (const end of [...ends, client]) t.is(keepAlive(end)[1], expected[1])
    }
  },
)

test('keep-alive options have their types, and mean nothing where there is no TCP', async (t) => {
  for (const call of [
    (options: object) => new Listener(undefined, options),
    (options: object) => connectSync('/nowhere', options),
  ]) {
    t.throws(() => call({ keepAlive: 1 }), { instanceOf: TypeError, message: /keepAlive must be a boolean/ })
    t.throws(() => call({ keepAliveInitialDelay: '5' }), { instanceOf: TypeError })
    t.throws(() => call({ keepAliveInitialDelay: -1 }), { instanceOf: RangeError })
  }
  await connected(t, listen(t, undefined, { keepAlive: true }), { keepAlive: true, keepAliveInitialDelay: 5 })
})

test('a long message of Python’s, whose header comes first, arrives without a delayed acknowledgement', async (t) => {
  const listener = listen(t, { host: '127.0.0.1', port: 0 }, { codec: 'json' })
  const { port } = listener.address as { port: number }
  const program = `from multiprocessing.connection import Client
c = Client(('127.0.0.1', ${port}))
while True:
    try: c.send_bytes(c.recv_bytes())
    except EOFError: break`
  const child = startProgram(t, 'python3', ['-c', program])
  const connection = await listener.accept()
  closeAfter(t, connection)
  const message = Buffer.alloc(20_000, 1)
  const roundTrip = async (): Promise<number> => {
    const begin = performance.now()
    await connection.sendBytes(message)
    t.is((await connection.recvBytes()).length, message.length)
    return performance.now() - begin
  }
  // At the beginning of a connection the kernel acknowledges at once.
  for (let n = 0; n < 30; n++) await roundTrip()
  // A delayed acknowledgement takes 40 ms and more, each time; a busy machine may take as long, but not for ever.
  await until(async () => (await roundTrip()) < 35, 'each round trip takes as long as a delayed acknowledgement')
  await connection.close()
  await child.ended
})

const zoned = Object.entries(networkInterfaces()).flatMap(([name, all]) =>
  (all ?? [])
    .filter(({ address, family }) => family === 'IPv6' && /^(fe80:|::1$)/.test(address))
    .map(({ address }) => `${address}%${name}`),
)

for (const host of zoned) {
  test(`a listener at ${host.replace(/.*%/, 'an address with the zone ')} (${host.split('%')[0]}) is reached there`, async (t) => {
    const listener = listen(t, { host, port: 0 })
    const { port } = listener.address as { port: number }
    for (const address of [listener.address, { host, port }] as Address[]) {
      const [client, server] = await Promise.all([connect(address), listener.accept()])
      await client.send('zone')
      t.is(await server.recv(), 'zone')
      await Promise.all([client.close(), server.close()])
      const synchronous = connectSync(address)
      closeAfter(t, synchronous)
      closeAfter(t, await listener.accept())
    }
  })
}

test('an unknown zone is an error that names the address', async (t) => {
  const address = { host: 'fe80::1%nonesuch', port: 5 }
  const expected = { code: 'ENODEV', message: /fe80::1%nonesuch/ }
  t.throws(() => new Listener(address), expected)
  t.throws(() => connectSync(address), expected)
  await t.throwsAsync(() => connect(address), expected)
})
