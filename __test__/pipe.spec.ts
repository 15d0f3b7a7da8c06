import { readFileSync } from 'node:fs'
import test from 'ava'
import { DirectionError, Pipe, pipe } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { pair } from './pairs.ts'

checkDescriptors(test)

test('a pipe carries messages both ways', async (t) => {
  const [a, b] = pair(t)
  await a.send('to b')
  await b.send('to a')
  t.is(await b.recv(), 'to b')
  t.is(await a.recv(), 'to a')
})

test('both ends of a duplex pipe are readable, writable and open', (t) => {
  for (const end of pair(t)) t.like(end, { readable: true, writable: true, closed: false })
})

test('of a one-way pipe the first end only receives and the second only sends', async (t) => {
  const [receiver, sender] = pair(t, { duplex: false })
  t.like(receiver, { readable: true, writable: false })
  t.like(sender, { readable: false, writable: true })
  await sender.send('one way')
  t.is(await receiver.recv(), 'one way')
})

test('the receiving end of a one-way pipe refuses to send', async (t) => {
  const [receiver] = pair(t, { duplex: false })
  const expected = { instanceOf: DirectionError, code: 'ERR_CAROM_DIRECTION' }
  await t.throwsAsync(() => receiver.send('x'), expected)
  await t.throwsAsync(() => receiver.sendBytes(Buffer.from('x')), expected)
  t.throws(() => receiver.sendSync('x'), expected)
  t.throws(() => receiver.sendBytesSync(Buffer.from('x')), expected)
})

test('the sending end of a one-way pipe refuses to receive and to poll', async (t) => {
  const [, sender] = pair(t, { duplex: false })
  const expected = { instanceOf: DirectionError, code: 'ERR_CAROM_DIRECTION' }
  await t.throwsAsync(() => sender.recv(), expected)
  await t.throwsAsync(() => sender.recvBytes(), expected)
  await t.throwsAsync(() => sender.recvBytesInto(Buffer.alloc(1)), expected)
  await t.throwsAsync(() => sender.poll(), expected)
  t.throws(() => sender.recvSync(), expected)
  t.throws(() => sender.recvBytesSync(), expected)
  t.throws(() => sender.recvBytesIntoSync(Buffer.alloc(1)), expected)
  t.throws(() => sender.pollSync(), expected)
  t.throws(() => sender.tryRecv(), expected)
  t.throws(() => sender.tryRecvBytes(), expected)
})

test('a one-way pipe is a pipe whose other direction is shut down: the sender gone is the end', async (t) => {
  const [receiver, sender] = pair(t, { duplex: false })
  await sender.send('last')
  await sender.close()
  t.is(await receiver.recv(), 'last')
  await t.throwsAsync(() => receiver.recv(), { code: 'ERR_CAROM_EOF' })
})

test('Pipe is another name of pipe', (t) => {
  t.is(Pipe, pipe)
})

test('the two ends have descriptors of their own', (t) => {
  const [a, b] = pair(t)
  t.true(Number.isInteger(a.fd) && a.fd > 2)
  t.true(Number.isInteger(b.fd) && b.fd > 2)
  t.not(a.fd, b.fd)
})

const onLinux = process.platform === 'linux' ? test : test.skip

onLinux('descriptors are close-on-exec, and stay in blocking mode through every kind of call', async (t) => {
  const flags = (fd: number): number =>
    Number.parseInt(/^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1] ?? '', 8)
  const [O_NONBLOCK, O_CLOEXEC] = [0o4000, 0o2000000]

  const [a, b] = pair(t, { rnonblock: true })
  const received = b.recv()
  await a.send('async')
  await received
  a.sendSync('sync')
  b.recvSync()
  t.throws(() => a.recvSync(), { code: 'EAGAIN' })
  for (const end of [a, b]) {
    t.is(flags(end.fd) & O_NONBLOCK, 0)
    t.is(flags(end.fd) & O_CLOEXEC, O_CLOEXEC)
  }
})
