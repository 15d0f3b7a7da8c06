// Memory that the caller takes away while a call uses it.

import test from 'ava'
import { type Connection, ConnectionClosedError, ProtocolError } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { pair, pairWithRawEnd } from './pairs.ts'
import { until } from './until.ts'
import { frame, patterned, writeAll } from './wire.ts'

checkDescriptors(test)

const SIZE = 4 * 1024 * 1024
const TAKEN = { instanceOf: TypeError, code: 'ERR_INVALID_STATE', message: /transferred, detached or shrunk/ } as const

const ways: Record<string, { buffer: () => ArrayBuffer; take: (buffer: ArrayBuffer) => void }> = {
  transferred: {
    buffer: () => new ArrayBuffer(SIZE),
    take: (buffer) => void structuredClone(buffer, { transfer: [buffer] }),
  },
  shrunk: {
    // @ts-expect-error The compiler's library does not know of resizable buffers.
    buffer: () => new ArrayBuffer(SIZE, { maxByteLength: SIZE }),
    // @ts-expect-error The same.
    take: (buffer) => buffer.resize(1000),
  },
}

/** A connection with a send that waits, of memory that was taken away. */
function sending(a: Connection, { buffer, take }: (typeof ways)[string]): Promise<void> {
  const memory = buffer()
  const sent = a.sendBytes(new Uint8Array(memory))
  take(memory)
  return sent
}

for (const [name, way] of Object.entries(ways)) {
  test(`a send whose memory is ${name} rejects, and the connection is closed with the reason`, async (t) => {
    const [a, b] = pair(t)
    const sent = sending(a, way)
    const received = b.recvBytes()
    await t.throwsAsync(sent, TAKEN)
    t.true(a.closed)
    const closed = { instanceOf: ConnectionClosedError, message: /transferred, detached or shrunk/ }
    await t.throwsAsync(a.flush(), closed)
    await t.throwsAsync(a.sendBytes(Buffer.of(1)), closed)
    await t.throwsAsync(a.recv(), closed)
    // The peer learns that the message has no end.
    await t.throwsAsync(received, { instanceOf: ProtocolError, message: /inside a message/ })
  })

  test(`flush and close settle where the memory of a send is ${name}`, async (t) => {
    const [a, b] = pair(t)
    const sent = sending(a, way)
    const flushed = a.flush()
    const closed = a.close()
    const received = b.recvBytes()
    await closed
    await t.throwsAsync(sent, TAKEN)
    await t.throwsAsync(flushed, TAKEN)
    await t.throwsAsync(received, { instanceOf: ProtocolError })
  })

  test(`blocking calls throw where the memory of a send before them is ${name}, although the peer doesn’t read`, async (t) => {
    for (const block of [
      (a: Connection) => a.flushSync(),
      (a: Connection) => a.sendBytesSync(Buffer.of(1)),
      (a: Connection) => a.sendSync(1),
    ]) {
      const [a] = pair(t)
      const sent = sending(a, way)
      t.throws(() => block(a), TAKEN)
      await t.throwsAsync(sent, TAKEN)
    }
  })

  test(`a message is lost, and the next one is not, where the memory that it is received into is ${name}`, async (t) => {
    const { connection: b, fd } = pairWithRawEnd(t)
    const buffer = way.buffer()
    const memory = new Uint8Array(buffer)
    const received = b.recvBytesInto(memory)
    // A part of the message: it is in the middle when its memory is taken away, however fast it is received.
    const message = frame(patterned(64 * 1024))
    const part = 32 * 1024
    writeAll(fd, message.subarray(0, part))
    await until(() => memory[1000] === message[1004], 'nothing has arrived')
    way.take(buffer)
    writeAll(fd, message.subarray(part))
    await t.throwsAsync(received, TAKEN)
    writeAll(fd, frame('next'))
    t.is((await b.recvBytes()).toString(), 'next')
    t.false(b.closed)
  })
}

test('a send whose memory was taken away is no unhandled rejection where it is not awaited: the connection says why', async (t) => {
  const [a, b] = pair(t)
  void sending(a, ways['transferred']!)
  await t.throwsAsync(() => b.recvBytes(), { instanceOf: ProtocolError })
  await t.throwsAsync(() => a.flush(), { instanceOf: ConnectionClosedError })
})
