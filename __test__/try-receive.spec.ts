import test from 'ava'
import { EOFError } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { pair, pairWithRawEnd } from './pairs.ts'
import { turns } from './until.ts'
import { frame, writeAll } from './wire.ts'

checkDescriptors(test)

// All connections share what a turn of the event loop reads and sends: each test has turns of its own.
test.beforeEach(() => turns(1))

test.serial('tryRecv and tryRecvBytes at rest give undefined', (t) => {
  const [a] = pair(t)
  t.is(a.tryRecv(), undefined)
  t.is(a.tryRecvBytes(), undefined)
})

test.serial('tryRecv gives the message that is there, then undefined', (t) => {
  const [a, b] = pair(t)
  a.sendSync('one')
  a.sendSync('two')
  t.is(b.tryRecv(), 'one')
  t.is(b.tryRecv(), 'two')
  t.is(b.tryRecv(), undefined)
})

test.serial('tryRecvBytes gives the bytes that are there, then undefined', (t) => {
  const [a, b] = pair(t)
  a.sendBytesSync(Buffer.from('one'))
  a.sendBytesSync(Buffer.alloc(0))
  t.is(b.tryRecvBytes()?.toString(), 'one')
  t.is(b.tryRecvBytes()?.length, 0)
  t.is(b.tryRecvBytes(), undefined)
})

test.serial('a message of which only a part has arrived is not there yet, and loses nothing by the asking', (t) => {
  const { connection, fd } = pairWithRawEnd(t)
  const bytes = frame('whole')
  for (const byte of bytes.subarray(0, -1)) {
    writeAll(fd, Buffer.of(byte))
    t.is(connection.tryRecvBytes(), undefined)
  }
  writeAll(fd, bytes.subarray(-1))
  t.is(connection.tryRecvBytes()?.toString(), 'whole')
})

test.serial('a program that only looks, in one turn after the other, finds each message that is there', async (t) => {
  const { connection, fd } = pairWithRawEnd(t)
  // More reads than one turn has.
  for (let n = 0; n < 3000; n++) {
    writeAll(fd, Buffer.concat([frame(`${n}`), frame('behind it')]).subarray(0, 4 + `${n}`.length + (n % 3)))
    await turns(1)
    if (connection.tryRecvBytes()?.toString() !== `${n}`) return t.fail(`message ${n} is not there`)
    if (n % 3 === 0) continue
    if (connection.tryRecvBytes() !== undefined) return t.fail('there is one more')
    writeAll(fd, frame('behind it').subarray(n % 3))
    if (connection.tryRecvBytes()?.toString() !== 'behind it') return t.fail(`the message behind ${n} is not there`)
  }
  t.pass()
})

test.serial('messages that remain after an asynchronous receive are there for tryRecv', async (t) => {
  const [a, b] = pair(t)
  for (const n of [1, 2, 3]) await a.send(n)
  t.is(await b.recv(), 1)
  t.is(b.tryRecv(), 2)
  t.is(b.tryRecv(), 3)
  t.is(b.tryRecv(), undefined)
})

test.serial('at the end of the stream both throw EOFError: the end is not “nothing yet”', (t) => {
  const { connection, fd, closeRawEnd } = pairWithRawEnd(t)
  writeAll(fd, frame('last'))
  closeRawEnd()
  t.is(connection.tryRecvBytes()?.toString(), 'last')
  t.throws(() => connection.tryRecvBytes(), { instanceOf: EOFError })
  t.throws(() => connection.tryRecv(), { instanceOf: EOFError })
})
