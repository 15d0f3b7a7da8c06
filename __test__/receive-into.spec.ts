import test from 'ava'
import { BufferTooShortError, type Connection } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { pair } from './pairs.ts'
import { patterned } from './wire.ts'

checkDescriptors(test)

type Receive = (end: Connection, target: NodeJS.ArrayBufferView, offset?: number) => Promise<number>

const twins: [string, Receive][] = [
  ['recvBytesInto', (end, target, offset) => end.recvBytesInto(target, offset)],
  ['recvBytesIntoSync', async (end, target, offset) => end.recvBytesIntoSync(target, offset)],
]

for (const [name, receive] of twins) {
  test(`${name} fills the caller’s memory and tells the count`, async (t) => {
    const [a, b] = pair(t)
    await a.sendBytes(Buffer.from('hello'))
    const target = Buffer.alloc(8, '.')
    t.is(await receive(b, target), 5)
    t.is(target.toString(), 'hello...')
  })

  test(`${name} at an offset leaves the bytes around it untouched`, async (t) => {
    const [a, b] = pair(t)
    await a.sendBytes(Buffer.from('hello'))
    const target = Buffer.alloc(10, '.')
    t.is(await receive(b, target, 3), 5)
    t.is(target.toString(), '...hello..')
  })

  test(`${name} counts the offset in bytes, whatever the items are`, async (t) => {
    const [a, b] = pair(t)
    await a.sendBytes(Float64Array.of(1.5, 2.5))
    const target = new Float64Array(5)
    t.is(await receive(b, target, 16), 16)
    t.deepEqual(target, Float64Array.of(0, 0, 1.5, 2.5, 0))
  })

  test(`${name} into a view writes only to the view`, async (t) => {
    const [a, b] = pair(t)
    await a.sendBytes(Buffer.from('hello'))
    const memory = Buffer.alloc(10, '.')
    t.is(await receive(b, memory.subarray(2, 7)), 5)
    t.is(memory.toString(), '..hello...')
  })

  test(`${name} at the very end takes an empty message`, async (t) => {
    const [a, b] = pair(t)
    await a.sendBytes(Buffer.alloc(0))
    t.is(await receive(b, Buffer.alloc(4), 4), 0)
  })

  test(`${name} of a message that does not fit hands the whole message over in the error`, async (t) => {
    const [a, b] = pair(t)
    for (const text of ['too long', 'next']) await a.sendBytes(Buffer.from(text))
    const target = Buffer.alloc(4, '.')
    const error = await t.throwsAsync(() => receive(b, target), {
      instanceOf: BufferTooShortError,
      code: 'ERR_CAROM_BUFFER_TOO_SHORT',
    })
    t.is(error?.data.toString(), 'too long')
    t.true(Buffer.isBuffer(error?.data))
    t.is(target.toString(), '....')
    t.is(await receive(b, target), 4)
    t.is(target.toString(), 'next')
  })

  test(`${name} of a message that does not fit behind the offset is too short as well`, async (t) => {
    const [a, b] = pair(t)
    await a.sendBytes(Buffer.from('hello'))
    const error = await t.throwsAsync(() => receive(b, Buffer.alloc(8), 4), { instanceOf: BufferTooShortError })
    t.is(error?.data.toString(), 'hello')
  })

  test(`${name} takes a message of 4 MiB`, async (t) => {
    const [a, b] = pair(t)
    const message = patterned(4 * 1024 * 1024)
    // A sender that blocks would wait for this very thread.
    const sending = a.sendBytes(message)
    const target = Buffer.alloc(message.length + 2)
    t.is(
      await (name === 'recvBytesInto' ? receive(b, target, 1) : b.poll(Infinity).then(() => receive(b, target, 1))),
      message.length,
    )
    t.true(message.equals(target.subarray(1, -1)))
    await sending
  })

  test(`${name} of 4 MiB that do not fit loses nothing`, async (t) => {
    const [a, b] = pair(t)
    const message = patterned(4 * 1024 * 1024)
    const sending = Promise.all([a.sendBytes(message), a.sendBytes(Buffer.from('next'))])
    await b.poll(Infinity)
    const error = await t.throwsAsync(() => receive(b, Buffer.alloc(1000)), { instanceOf: BufferTooShortError })
    t.true(error?.data.equals(message))
    t.is((await b.recvBytes()).toString(), 'next')
    await sending
  })
}

test('an ArrayBuffer is memory to receive into as a view is', async (t) => {
  const [a, b] = pair(t)
  await a.sendBytes(Buffer.from('hello'))
  const target = new ArrayBuffer(6)
  t.is(await b.recvBytesInto(target, 1), 5)
  t.is(Buffer.from(target).toString(), '\0hello')
})
