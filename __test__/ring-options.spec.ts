// The options of shared memory: what is refused before anything is opened, and where.

import { createServer } from 'node:net'
import { once } from 'node:events'
import test from 'ava'
import { connect, connectSync, Connection, type ConnectionOptions, Listener, pipe } from 'carom'
import { checkDescriptors, openDescriptors } from './descriptors.ts'

checkDescriptors(test)

const onLinux = process.platform === 'linux' ? test.serial : test.serial.skip

const SHARED: ConnectionOptions = { transport: 'shared-memory' }
const TCP = { host: '127.0.0.1', port: 1 }

onLinux('a transport that there is none of is refused, and what it could be is named', (t) => {
  const named = /transport must be 'socket' or 'shared-memory'/
  t.throws(() => pipe({ transport: 'shared' as never }), { instanceOf: RangeError, message: named })
  t.throws(() => pipe({ transport: true as never }), { instanceOf: TypeError, message: named })
  t.throws(() => pipe({ transports: 'shared-memory' } as never), {
    instanceOf: TypeError,
    message: /mean 'transport'\?/,
  })
})

onLinux('transport: undefined counts as absent, and so does the default by its name', (t) => {
  for (const transport of [undefined, 'socket'] as const) {
    const ends = pipe({ transport, ringSize: undefined })
    t.is(ends[0].transport, 'socket')
    for (const end of ends) void end.close()
  }
})

onLinux('ringSize alone is a TypeError that names the transport', (t) => {
  t.throws(() => pipe({ ringSize: 65_536 }), { instanceOf: TypeError, message: /needs transport: 'shared-memory'/ })
  t.throws(() => new Listener(undefined, { ringSize: 65_536, transport: 'socket' }), { instanceOf: TypeError })
})

onLinux('ringSize is an integer from 4096 to 1 GiB', (t) => {
  for (const ringSize of [0, 1, 4095, 4096.5, 2 ** 30 + 1, -1, NaN, Infinity]) {
    t.throws(() => pipe({ ...SHARED, ringSize }), { instanceOf: RangeError, message: /ringSize/ })
  }
  for (const ringSize of ['65536', null, {}] as never[]) {
    t.throws(() => pipe({ ...SHARED, ringSize }), { instanceOf: TypeError, message: /ringSize/ })
  }
})

onLinux('readAhead: false, for several receivers, is refused with shared memory, which has one', (t) => {
  t.throws(() => pipe({ ...SHARED, readAhead: false }), { instanceOf: TypeError, message: /one receiver/ })
})

onLinux('over TCP it is a TypeError, before anything is connected or bound', async (t) => {
  const refusal = { instanceOf: TypeError, message: /TCP/ }
  await t.throwsAsync(() => connect(TCP, SHARED), refusal)
  t.throws(() => connectSync(TCP, SHARED), refusal)
  t.throws(() => new Listener({ host: '127.0.0.1', port: 0 }, SHARED), refusal)
  t.throws(() => new Listener(undefined, { ...SHARED, family: 'AF_INET' }), refusal)
})

onLinux('a TCP descriptor is refused, and stays the caller’s', async (t) => {
  const before = openDescriptors().size
  const listener = new Listener({ host: '127.0.0.1', port: 0 })
  const [client, server] = await Promise.all([connect(listener.address), listener.accept()])
  const fd = client.detach()
  t.throws(() => Connection.fromFd(fd, SHARED), {
    instanceOf: TypeError,
    message: new RegExp(`${fd} is no Unix socket`),
  })
  const again = Connection.fromFd(fd)
  await again.send('still here')
  t.is(await server.recv(), 'still here')
  await Promise.all([again.close(), server.close(), listener.close()])
  t.true(openDescriptors().size <= before)
})

onLinux('a TCP socket that listens is refused, and stays the caller’s', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  // oxlint-disable-next-line no-underscore-dangle -- Node shows a server's descriptor nowhere else
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle
  t.throws(() => Listener.fromFd(fd, SHARED), { instanceOf: TypeError, message: /TCP/ })
  t.true(server.listening)
  server.close()
  await once(server, 'close')
})
