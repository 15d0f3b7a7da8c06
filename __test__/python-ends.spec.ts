// Ends of pipes that a process inherits: carom's in Python, Python's in Node; and Python's `poll` and `wait` on ours.

import { fileURLToPath } from 'node:url'
import test from 'ava'
import { type Connection, connect, EOFError, Listener, wait } from 'carom'
import { fixture, startProgram, wellWith } from './children.ts'
import { checkDescriptors } from './descriptors.ts'
import { PATIENCE } from './handshakes.ts'
import { closeAfter, pair } from './pairs.ts'
import { PythonPeer, PYTHONS, pythonPeers } from './python-peers.ts'
import { patterned } from './wire.ts'

const peerOf = pythonPeers(test)
checkDescriptors(test)

const KEY = Buffer.from('a key that both know')
const asked = (message: Buffer): string => message.toString()

for (const python of PYTHONS) {
  test.serial(`${python.name}: inherits an end of a duplex pipe`, async (t) => {
    const [here, there] = pair(t, { codec: 'pickle' })
    const peer = await PythonPeer.start(python, [there])
    t.teardown(() => peer.end())
    const { outcome } = await peer.adopt(1, 'echo_objects')
    await here.send({ a: [1, 'é'] })
    t.deepEqual(await here.recv(), { a: [1, 'é'] })
    await here.close()
    t.like(await outcome, { value: 'the end' })
  })

  test.serial(`${python.name}: inherits the receiving end of a one-way pipe`, async (t) => {
    const [receiver, sender] = pair(t, { duplex: false })
    const peer = await PythonPeer.start(python, [receiver])
    t.teardown(() => peer.end())
    const { outcome } = await peer.adopt(1, 'receive')
    const messages = [Buffer.of(), patterned(300_000)]
    for (const message of messages) await sender.sendBytes(message)
    await sender.close()
    t.deepEqual((await outcome).value, messages)
  })

  test.serial(`${python.name}: inherits the sending end of a one-way pipe`, async (t) => {
    const [receiver, sender] = pair(t, { duplex: false, codec: 'pickle' })
    const peer = await PythonPeer.start(python, [sender])
    t.teardown(() => peer.end())
    const { outcome } = await peer.adopt(1, 'send', 1, 'é'.repeat(100_000))
    t.deepEqual([await receiver.recv(), await receiver.recv()], [1, 'é'.repeat(100_000)])
    t.like(await outcome, { value: 'sent' })
    await t.throwsAsync(() => receiver.recv(), { instanceOf: EOFError })
  })

  for (const waiting of ['async', 'sync']) {
    test.serial(`${python.name}: a Node process that is ${waiting} uses an end of a pipe of Python's`, async (t) => {
      const script = fileURLToPath(new URL('./python/pipe_to_node.py', import.meta.url))
      const { path } = await python.interpreter()
      const node = [process.execPath, ...process.execArgv, fixture('echo.ts'), waiting]
      const child = startProgram(t, path, [script, python.module, ...node])
      t.like(await child.ended, wellWith("[b'', b'ping', 300000, 'the end', 0]\n"))
    })
  }

  test.serial(`${python.name}: polls an accepted connection: at rest, with a message, at the end`, async (t) => {
    const listener = new Listener(undefined, { authkey: KEY, handshakeTimeout: PATIENCE })
    t.teardown(() => listener.close())
    const { outcome } = await peerOf(python).connect(listener.address, KEY, 'poll')
    const connection = await listener.accept()
    closeAfter(t, connection)
    t.is(asked(await connection.recvBytes()), 'send')
    // In parts, and empty: a message, all the same.
    await connection.sendBytes(Buffer.of())
    t.is(asked(await connection.recvBytes()), 'close')
    await connection.close()
    t.deepEqual((await outcome).value, {
      before: [false, false],
      message: [true, true, Buffer.of()],
      end: [true, 'the end'],
    })
  })

  test.serial(`${python.name}: waits for several of our ends`, async (t) => {
    const pipes = [0, 1, 2].map(() => pair(t))
    const peer = await PythonPeer.start(
      python,
      pipes.map(([, there]) => there),
    )
    t.teardown(() => peer.end())
    const [first, second] = pipes.map(([here]) => here) as [Connection, Connection]
    const { outcome } = await peer.adopt(3, 'wait')
    t.is(asked(await second.recvBytes()), 'send')
    await second.sendBytes(Buffer.of())
    t.is(asked(await first.recvBytes()), 'close')
    await first.close()
    t.deepEqual((await outcome).value, { before: [], message: [1], both: [0, 1] })
  })

  test.serial(`${python.name}: our wait sees that Python has sent on one end and closed another`, async (t) => {
    const peer = peerOf(python)
    const address = await peer.listen('AF_UNIX', KEY)
    const sending = await peer.accept('send', 'x')
    const sender = await connect(address, { authkey: KEY, handshakeTimeout: PATIENCE, codec: 'pickle' })
    closeAfter(t, sender)
    await sending.outcome
    const [idle] = pair(t)
    t.deepEqual(await wait([idle, sender]), [sender])
    t.is(await sender.recv(), 'x')
    t.deepEqual(await wait([sender, idle]), [sender])
    await t.throwsAsync(() => sender.recv(), { instanceOf: EOFError })
  })
}
