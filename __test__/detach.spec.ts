import { closeSync } from 'node:fs'
import test from 'ava'
import { BusyError, Connection, ConnectionClosedError, EOFError } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { closeAfter, pair, pairWithRawEnd } from './pairs.ts'
import { turns } from './until.ts'
import { frame, patterned, readFrame, writeAll } from './wire.ts'

checkDescriptors(test)

// All connections share what a turn of the event loop reads and sends: each test has turns of its own.
test.beforeEach(() => turns(1))

test.serial('detach gives up the descriptor, which goes on working', async (t) => {
  const [a, b] = pair(t)
  const { fd } = a
  t.is(a.detach(), fd)
  t.teardown(() => closeSync(fd))
  await b.send('x')
  await b.flush()
  t.true(readFrame(fd).length > 0)
  writeAll(fd, frame('by hand'))
  t.is((await b.recvBytes()).toString(), 'by hand')
})

test.serial('a detached connection is closed for every further call', async (t) => {
  const [a] = pair(t)
  const fd = a.detach()
  t.teardown(() => closeSync(fd))
  const expected = { instanceOf: ConnectionClosedError }
  t.true(a.closed)
  t.throws(() => a.fd, expected)
  t.throws(() => a.detach(), expected)
  await t.throwsAsync(() => a.send('x'), expected)
  await t.throwsAsync(() => a.recv(), expected)
  await t.notThrowsAsync(() => a.close())
})

test.serial('fromFd makes a connection of a detached descriptor', async (t) => {
  const [a, b] = pair(t)
  await a.send('before')
  await a.flush()
  const adopted = Connection.fromFd(a.detach())
  closeAfter(t, adopted)
  t.like(adopted, { readable: true, writable: true, closed: false })
  await adopted.send('after')
  t.is(await b.recv(), 'before')
  t.is(await b.recv(), 'after')
  await b.send('answer')
  t.is(await adopted.recv(), 'answer')
})

test.serial('closing an adopted connection closes the descriptor', async (t) => {
  const [a, b] = pair(t)
  await Connection.fromFd(a.detach()).close()
  await t.throwsAsync(() => b.recv(), { instanceOf: EOFError })
})

test.serial('fromFd takes the options of a connection', async (t) => {
  const [a, b] = pair(t)
  const adopted = Connection.fromFd(a.detach(), { codec: 'json', readable: false })
  closeAfter(t, adopted)
  t.like(adopted, { readable: false, writable: true })
  await adopted.send({ json: true })
  t.is((await b.recvBytes()).toString(), '{"json":true}')
  await t.throwsAsync(() => adopted.recv(), { code: 'ERR_CAROM_DIRECTION' })
})

test.serial('detach is refused while unsent data is held back, and works when it has left', async (t) => {
  const [a, b] = pair(t)
  const message = patterned(4 * 1024 * 1024)
  const sending = a.sendBytes(message)
  t.throws(() => a.detach(), { instanceOf: BusyError, code: 'ERR_CAROM_BUSY' })
  t.false(a.closed)
  t.true(message.equals(await b.recvBytes()))
  await sending
  await a.flush()
  closeSync(a.detach())
})

test.serial('detach is refused while a receive is pending', async (t) => {
  const [a, b] = pair(t)
  const receiving = a.recv()
  t.throws(() => a.detach(), { instanceOf: BusyError })
  await b.send('message')
  t.is(await receiving, 'message')
  closeSync(a.detach())
})

test.serial('detach never loses a message: it is refused while received data is held back', async (t) => {
  const [a, b] = pair(t)
  for (const n of [1, 2, 3]) await a.send(n)
  t.is(await b.recv(), 1)
  try {
    const adopted = Connection.fromFd(b.detach())
    closeAfter(t, adopted)
    t.is(await adopted.recv(), 2)
    t.is(await adopted.recv(), 3)
  } catch (error) {
    t.true(error instanceof BusyError)
    t.is(await b.recv(), 2)
    t.is(await b.recv(), 3)
    closeSync(b.detach())
  }
})

test.serial('detach is refused while a part of a message is held back', async (t) => {
  const { connection, fd } = pairWithRawEnd(t)
  const bytes = frame('message')
  writeAll(fd, bytes.subarray(0, 6))
  t.is(connection.tryRecvBytes(), undefined)
  t.throws(() => connection.detach(), { instanceOf: BusyError })
  writeAll(fd, bytes.subarray(6))
  t.is((await connection.recvBytes()).toString(), 'message')
  closeSync(connection.detach())
})
