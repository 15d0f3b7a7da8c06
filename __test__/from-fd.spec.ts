// Descriptors that fromFd adopts, and descriptors that it refuses and leaves to the caller.

import { closeSync, fstatSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import test from 'ava'
import { BusyError, Connection, EOFError, Handle, Listener, pipe } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { closeAfter, fifo, pair } from './pairs.ts'

checkDescriptors(test)

for (const [what, path] of [
  ['a plain file', fileURLToPath(import.meta.url)],
  ['a device', '/dev/null'],
  ['a directory', '/'],
] as const) {
  test.serial(`${what} is refused as a connection and as a listener, and stays the caller’s`, (t) => {
    const fd = openSync(path, 'r')
    const message = new RegExp(`${fd}.*(stream socket|ENOTSOCK)`, 's')
    t.throws(() => Connection.fromFd(fd), { instanceOf: TypeError, code: 'ERR_INVALID_ARG_VALUE', message })
    t.throws(() => Listener.fromFd(fd), { instanceOf: TypeError, message: new RegExp(`${fd}.*listens`) })
    t.notThrows(() => fstatSync(fd))
    closeSync(fd)
  })
}

test.serial('a FIFO is taken: it sends from one end, and receives at the other', async (t) => {
  const { receiver, sender } = fifo(t)
  t.like(receiver, { readable: true, writable: false })
  await sender.send('through')
  t.is(await receiver.recv(), 'through')
})

test.serial('a socket that does not listen is refused as a listener, and stays its connection’s', async (t) => {
  const [a, b] = pipe()
  const fd = a.detach()
  t.throws(() => Listener.fromFd(fd), { instanceOf: TypeError, message: new RegExp(`${fd}`) })
  const again = Connection.fromFd(fd)
  closeAfter(t, again)
  closeAfter(t, b)
  await again.send('still here')
  t.is(await b.recv(), 'still here')
})

test.serial('a number that a connection or a listener has is refused, and nothing happens to them', async (t) => {
  const [a, b] = pair(t)
  const listener = new Listener()
  const { fd } = a
  const busy = { instanceOf: BusyError, code: 'ERR_CAROM_BUSY', message: /detach/ }
  for (const taken of [fd, listener.fd]) {
    t.throws(() => Connection.fromFd(taken), busy)
    t.throws(() => Listener.fromFd(taken), busy)
    t.throws(() => new Handle(taken).close(), busy)
  }
  await listener.close()
  await a.send('unharmed')
  t.is(await b.recv(), 'unharmed')
  // A descriptor that was given up can be adopted, and a number that is closed is used again.
  const again = Connection.fromFd(a.detach())
  t.is(again.fd, fd)
  await again.close()
  const file = openSync('/dev/null', 'r')
  t.is(file, fd)
  new Handle(file).close()
})

test.serial('it is refused in another thread too, and can be adopted when a thread has ended', async (t) => {
  const [a, b] = pair(t)
  const program = `
    const { parentPort, workerData } = require('node:worker_threads')
    import(workerData.carom).then(({ Connection }) => {
      let outcome
      try {
        globalThis.taken = Connection.fromFd(workerData.fd)
        outcome = 'adopted'
      } catch (error) {
        outcome = error.code
      }
      parentPort.postMessage(outcome)
    })`
  const adopt = async (fd: number): Promise<unknown> => {
    const worker = new Worker(program, { eval: true, workerData: { fd, carom: import.meta.resolve('carom') } })
    const outcome = await new Promise((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
    })
    await worker.terminate()
    return outcome
  }
  t.is(await adopt(a.fd), 'ERR_CAROM_BUSY')
  const fd = a.detach()
  t.is(await adopt(fd), 'adopted')
  // The descriptor was closed with its thread.
  t.throws(() => Connection.fromFd(fd), { code: 'EBADF' })
  await t.throwsAsync(() => b.recv(), { instanceOf: EOFError })
})
