import test from 'ava'
import { CaromError, EOFError, ProtocolError, wait, type Connection } from 'carom'
import { endedWell, startChild, untilAsleep, untilPrinted, wellWith } from './children.ts'
import { checkDescriptors } from './descriptors.ts'
import { pair } from './pairs.ts'
import { overSharedMemory } from './transport.ts'
import { patterned } from './wire.ts'

checkDescriptors(test)

const values = [null, 0, 'text', [1, { two: 2 }], new Map([['key', new Date(5)]]), 2n ** 70n, Uint8Array.of(1, 2, 3)]
const sizes = [0, 1, 16_384, 16_385, 1_000_000, 16 * 1024 * 1024]

for (const mode of ['sync', 'async']) {
  test(`objects and bytes go to a ${mode} child and come back, asynchronously`, async (t) => {
    const [near, far] = pair(t)
    const child = startChild(t, 'echo.ts', { ends: [far], args: [mode] })
    for (const value of values) {
      await near.send(value)
      t.deepEqual(await near.recv(), value)
    }
    for (const [n, size] of sizes.entries()) {
      const sending = near.sendBytes(patterned(size, n))
      t.true((await near.recvBytes()).equals(patterned(size, n)))
      await sending
    }
    await near.close()
    t.like(await child.ended, wellWith(''))
  })

  test(`objects and bytes go to a ${mode} child and come back, synchronously`, async (t) => {
    const [near, far] = pair(t)
    const child = startChild(t, 'echo.ts', { ends: [far], args: [mode] })
    for (const value of values) {
      near.sendSync(value)
      t.deepEqual(near.recvSync(), value)
    }
    for (const [n, size] of sizes.entries()) {
      near.sendBytesSync(patterned(size, n))
      t.true(near.recvBytesSync().equals(patterned(size, n)))
    }
    await near.close()
    t.like(await child.ended, wellWith(''))
  })
}

test('many children talk at once', async (t) => {
  const talks = Array.from({ length: 6 }, async (_, n) => {
    const [near, far] = pair(t)
    const child = startChild(t, 'echo.ts', { ends: [far], args: [n % 2 === 0 ? 'sync' : 'async'] })
    for (let i = 0; i < 300; i++) void near.send({ n, i })
    for (let i = 0; i < 300; i++) t.deepEqual(await near.recv(), { n, i })
    await near.close()
    t.like(await child.ended, endedWell)
  })
  await Promise.all(talks)
})

const twins: [string, (end: Connection) => Promise<Buffer>][] = [
  ['recvBytes', (end) => end.recvBytes()],
  ['recvBytesSync', async (end) => end.recvBytesSync()],
]

for (const [name, receive] of twins) {
  test(`a child killed in the middle of a message is an error of ${name}, after the messages before it`, async (t) => {
    const [near, far] = pair(t, { transport: 'socket' })
    const child = startChild(t, 'send-half-a-message.ts', { ends: [far] })
    await untilPrinted(child, 'half way')
    child.process.kill('SIGKILL')
    t.is((await child.ended).signal, 'SIGKILL')
    t.is((await receive(near)).toString(), 'whole')
    await t.throwsAsync(() => receive(near), { instanceOf: ProtocolError })
  })

  test(`a child killed while it waits in a send of a large message is an error of ${name}`, async (t) => {
    const [near, far] = pair(t)
    const child = startChild(t, 'send-large-message.ts', { ends: [far] })
    await untilPrinted(child, 'about to send')
    // The kernel has the beginning of the message, and no room for its end: it is not read here. What is in shared memory can't be
    // seen from outside: there the child sleeps, which it may do before it has sent anything.
    if (overSharedMemory || process.platform === 'win32') await untilAsleep(child)
    else await wait([near.fd])
    child.process.kill('SIGKILL')
    await child.ended
    await t.throwsAsync(() => receive(near), { instanceOf: overSharedMemory ? CaromError : ProtocolError })
  })

  test(`a child killed between messages is the end for ${name}`, async (t) => {
    const [near, far] = pair(t)
    const child = startChild(t, 'echo.ts', { ends: [far], args: ['async'] })
    await near.sendBytes(Buffer.from('one'))
    t.is((await receive(near)).toString(), 'one')
    child.process.kill('SIGKILL')
    await child.ended
    await t.throwsAsync(() => receive(near), { instanceOf: EOFError })
  })
}

test('a receive that waits is woken when the child is killed', async (t) => {
  const [near, far] = pair(t)
  const child = startChild(t, 'echo.ts', { ends: [far], args: ['sync'] })
  await near.send('up?')
  await near.recv()
  const receiving = near.recv()
  child.process.kill('SIGKILL')
  await t.throwsAsync(receiving, { instanceOf: EOFError })
})

test('a send that waits fails when the child that does not read is killed', async (t) => {
  const [near, far] = pair(t, { transport: 'socket' })
  const child = startChild(t, 'send-half-a-message.ts', { ends: [far] })
  await untilPrinted(child, 'half way')
  const outcomes = Promise.allSettled([near.sendBytes(patterned(8 * 1024 * 1024)), near.flush()])
  child.process.kill('SIGKILL')
  const [, flushing] = await outcomes
  t.is(flushing.status, 'rejected')
  t.true(['EPIPE', 'ECONNRESET'].includes((flushing as PromiseRejectedResult).reason.code))
})

test('a child inherits no connection but those that it is given: the end is seen though the child lives', async (t) => {
  const [near, far] = pair(t)
  const [, other] = pair(t)
  const child = startChild(t, 'send-half-a-message.ts', { ends: [other] })
  await untilPrinted(child, 'half way')
  await far.close()
  await t.throwsAsync(() => near.recv(), { instanceOf: EOFError })
  t.is(child.process.exitCode, null)
})
