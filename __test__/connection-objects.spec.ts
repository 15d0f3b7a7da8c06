import test from 'ava'
import { checkDescriptors } from './descriptors.ts'
import { pair } from './pairs.ts'

checkDescriptors(test)

const values: [string, unknown][] = [
  ['null', null],
  ['a boolean', true],
  ['a number', 12.5],
  ['a string', 'grüße 🎱'],
  ['an empty string', ''],
  ['an array', [1, 'two', [3, null]]],
  ['a nested object', { name: 'cue', balls: [{ n: 1 }, { n: 2 }], spin: { left: false } }],
  ['an empty object', {}],
]

for (const [name, value] of values) {
  test(`${name} arrives equal by send and recv`, async (t) => {
    const [a, b] = pair(t)
    await a.send(value)
    t.deepEqual(await b.recv(), value)
  })

  test(`${name} arrives equal by sendSync and recvSync`, (t) => {
    const [a, b] = pair(t)
    a.sendSync(value)
    t.deepEqual(b.recvSync(), value)
  })
}

test('messages arrive in the order in which they were sent', async (t) => {
  const [a, b] = pair(t)
  const sent = Array.from({ length: 2_000 }, (_, n) => ({ n }))
  const sending = Promise.all(sent.map((value) => a.send(value)))
  const received = []
  for (const _ of sent) received.push(await b.recv())
  t.deepEqual(received, sent)
  await sending
})

test('several receives may be pending: they are served in order', async (t) => {
  const [a, b] = pair(t)
  const receiving = Promise.all([b.recv(), b.recv(), b.recv()])
  for (const n of [1, 2, 3]) await a.send(n)
  t.deepEqual(await receiving, [1, 2, 3])
})

test('pending receives of different kinds are served in order', async (t) => {
  const [a, b] = pair(t)
  const buffer = Buffer.alloc(5)
  const receiving = Promise.all([b.recvBytes(), b.recv(), b.recvBytesInto(buffer)])
  await a.sendBytes(Buffer.from('first'))
  await a.send('second')
  await a.sendBytes(Buffer.from('third'))
  t.deepEqual(await receiving, [Buffer.from('first'), 'second', 5])
  t.is(buffer.toString(), 'third')
})

test('a value is encoded when it is sent: changing it afterwards changes nothing', async (t) => {
  const [a, b] = pair(t)
  const value = { state: 'before' }
  const sending = a.send(value)
  value.state = 'after'
  await sending
  t.deepEqual(await b.recv(), { state: 'before' })
})

test('an object of several megabytes arrives equal', async (t) => {
  const [a, b] = pair(t)
  const value = { rows: Array.from({ length: 60_000 }, (_, n) => ({ n, text: `row ${n} of a table that is large` })) }
  const sending = a.send(value)
  t.deepEqual(await b.recv(), value)
  await sending
})

test('messages sent by the microtasks of a turn have left when the turn is over', async (t) => {
  const [a, b] = pair(t)
  for (let n = 0; n < 100; n++) void a.send(n)
  await new Promise((resolve) => setImmediate(resolve))
  t.is(a.bufferedAmount, 0)
  for (let n = 0; n < 100; n++) t.is(b.recvSync(), n)
})
