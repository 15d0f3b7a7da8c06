import test from 'ava'
import { connect, Connection, ConnectionClosedError, SystemError } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { listen } from './listeners.ts'
import { closeAfter, pair } from './pairs.ts'

checkDescriptors(test)

const mine = { pid: process.pid, uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 }

test('the kernel names the process that made the other end of a pipe', (t) => {
  for (const end of pair(t)) t.deepEqual({ ...end.peerCredentials }, mine)
})

test('a one-way pipe knows its peer too', (t) => {
  for (const end of pair(t, { duplex: false })) t.deepEqual({ ...end.peerCredentials }, mine)
})

test('an adopted descriptor has the same peerCredentials', (t) => {
  const [a] = pair(t)
  const adopted = Connection.fromFd(a.detach())
  closeAfter(t, adopted)
  t.deepEqual({ ...adopted.peerCredentials }, mine)
})

if (process.platform === 'linux') {
  test('over TCP, peerCredentials is an error that says why', async (t) => {
    const listener = listen(t, { host: '127.0.0.1', port: 0 })
    const client = await connect(listener.address)
    closeAfter(t, client)
    closeAfter(t, await listener.accept())
    t.throws(() => client.peerCredentials, { instanceOf: SystemError, message: /\(E[A-Z]+\): .* not of TCP/ })
  })
}

test('a closed connection no longer has a peer', async (t) => {
  const [a] = pair(t)
  await a.close()
  t.throws(() => a.peerCredentials, { instanceOf: ConnectionClosedError })
})
