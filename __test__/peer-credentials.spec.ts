import test from 'ava'
import { Connection, ConnectionClosedError } from 'carom'
import { checkDescriptors } from './descriptors.ts'
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

test('a closed connection no longer has a peer', async (t) => {
  const [a] = pair(t)
  await a.close()
  t.throws(() => a.peerCredentials, { instanceOf: ConnectionClosedError })
})
