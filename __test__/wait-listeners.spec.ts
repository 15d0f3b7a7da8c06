// `wait` on listeners, and on objects that have a descriptor.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { connect, ConnectionClosedError, type Connection, wait, waitSync, type Waitable } from 'carom'
import { startChild } from './children.ts'
import { checkDescriptors } from './descriptors.ts'
import { KEY, KEYED } from './handshakes.ts'
import { freshPath, listen, rawPeer, temporaryDirectory } from './listeners.ts'
import { closeAfter, pair } from './pairs.ts'
import { turns, watch } from './until.ts'

checkDescriptors(test)

for (const options of [{}, KEYED]) {
  const how = 'authkey' in options ? 'with a key' : 'without a key'

  test(`a listener ${how} is ready when an accept would not wait`, async (t) => {
    const listener = listen(t, undefined, options)
    const [end] = pair(t)
    t.deepEqual(await wait([listener, end], { timeout: 0 }), [])
    const waiting = wait<Waitable>([end, listener])
    const client = await connect(listener.address, options)
    closeAfter(t, client)
    t.deepEqual(await waiting, [listener])
    // Asked again, it is still ready; and the accept has the very peer.
    t.deepEqual(await wait([listener, listener]), [listener])
    const server = await listener.accept()
    closeAfter(t, server)
    await client.send('waited for')
    t.is(await server.recv(), 'waited for')
    t.deepEqual(await wait([listener], { timeout: 0 }), [])
  })

  test(`waitSync waits for a listener ${how}, and acceptSync has the peer`, async (t) => {
    const path = freshPath(t)
    const listener = listen(t, path, options)
    t.deepEqual(waitSync([listener], { timeout: 5 }), [])
    const child = startChild(t, 'connect.ts', { args: [JSON.stringify(path), JSON.stringify(options), 'async'] })
    t.deepEqual(waitSync([listener]), [listener])
    const server: Connection = listener.acceptSync()
    server.sendSync(server.recvSync())
    await server.close()
    t.is((await child.ended).code, 0)
  })
}

test('a listener with a key is not ready for a peer that does not prove it', async (t) => {
  const listener = listen(t, undefined, { authkey: KEY, handshakeTimeout: 600_000 })
  const waiting = watch(wait([listener]))
  const peer = await rawPeer(t, listener.address)
  await turns()
  t.false(waiting.settled)
  const client = await connect(listener.address, KEYED)
  closeAfter(t, client)
  t.deepEqual(await wait([listener]), [listener])
  closeAfter(t, await listener.accept())
  peer.socket.destroy()
})

test('a wait on a listener takes one peer, and leaves the others to other processes', async (t) => {
  const listener = listen(t)
  const clients = await Promise.all([1, 2, 3].map(() => connect(listener.address)))
  for (const client of clients) closeAfter(t, client)
  for (let n = 0; n < 5; n++) t.deepEqual(await wait([listener]), [listener])
  t.regex(String((await import('node:util')).inspect(listener)), /admitted: 1/)
  for (const _ of clients) closeAfter(t, await listener.accept())
})

test('a listener, or a connection, that is closed can’t be waited on, and ends the wait', async (t) => {
  const listener = listen(t)
  const [end] = pair(t)
  const waits = [wait([listener]), wait([end])]
  void listener.close()
  void end.close()
  for (const each of waits) await t.throwsAsync(each, { instanceOf: ConnectionClosedError })
  await t.throwsAsync(wait([listener]), { instanceOf: ConnectionClosedError })
  await t.throwsAsync(wait([end]), { instanceOf: ConnectionClosedError })
  t.throws(() => waitSync([listener]), { instanceOf: ConnectionClosedError })
  t.throws(() => waitSync([end]), { instanceOf: ConnectionClosedError })
})

test('an object with a numeric fd is waited on as the descriptor', async (t) => {
  const fifo = join(temporaryDirectory(t), 'fifo')
  await once(spawn('mkfifo', [fifo]), 'exit')
  const fd = openSync(fifo, 'r+')
  const [first, second] = [{ fd }, { fd }]
  t.deepEqual(await wait([first, second], { timeout: 0 }), [])
  const waiting = wait([first, second])
  writeSync(fd, 'x')
  t.deepEqual(await waiting, [first, second])
  t.deepEqual(waitSync([first]), [first])
  closeSync(fd)
  await t.throwsAsync(wait([first]), { code: 'EBADF' })
  await t.throwsAsync(wait([{ fd: null } as never]), { instanceOf: TypeError, message: /an object with an fd/ })
})
