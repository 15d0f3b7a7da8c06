import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { endedWell, startProgram } from './children.ts'
import { checkDescriptors } from './descriptors.ts'

checkDescriptors(test)

const examples = fileURLToPath(new URL('../examples/', import.meta.url))

/** Runs an example as its first lines say, and gives the lines that it and its children print. */
async function run(t: ExecutionContext, topic: string): Promise<string[]> {
  const register = ['--import', '@oxc-node/core/register']
  const ending = await startProgram(t, process.execPath, [...register, `${examples}${topic}/index.ts`]).ended
  t.like(ending, endedWell)
  return ending.stdout.trimEnd().split('\n')
}

test('sender-receiver: the receiver prints every object, then the end of the stream', async (t) => {
  t.deepEqual(await run(t, 'sender-receiver'), [
    "received { name: 'cue ball', position: [ 127, 64 ] }",
    "received Map(2) { 'red' => 1, 'black' => 7 }",
    'received [ 2026-01-01T00:00:00.000Z, 100000000000000000000n, null ]',
    'end of the stream after 3 objects',
  ])
})

test('raw-bytes: whole views, a part of one and an empty message arrive as they were sent', async (t) => {
  const lines = await run(t, 'raw-bytes')
  // How often nothing came for a second is the machine's affair.
  t.deepEqual(
    lines.filter((line) => !line.startsWith('nothing for a second')),
    ['10 bytes: 30313233343536373839', '3 bytes: 323334', '4 bytes: feca0df0', '0 bytes: ', 'end of the stream'],
  )
})

test('delayed-senders: the messages of all four are gathered, each sender’s in order', async (t) => {
  const lines = await run(t, 'delayed-senders')
  t.is(lines.length, 13)
  t.is(lines.at(-1), 'all senders are done')
  for (const name of ['first', 'second', 'third', 'fourth']) {
    t.deepEqual(
      lines.filter((line) => line.startsWith(name)),
      [1, 2, 3].map((n) => `${name} sender, message ${n}`),
    )
  }
})

test('producer-consumer: everything up to the end marker is consumed', async (t) => {
  t.deepEqual(await run(t, 'producer-consumer'), ['consumed 1000 items of 50050.0 kg', 'both are done'])
})

test('request-reply: every request has its reply, errors too', async (t) => {
  t.deepEqual(await run(t, 'request-reply'), [
    'add(1, 2, 3): 6',
    'multiply(4, 5): 20',
    'divide(1, 0): division by zero',
    'divide(1, 8): 0.125',
    'the replier exited with 0',
  ])
})

test('every example has a test', (t) => {
  const tested = new Set([
    'delayed-senders',
    'demo',
    'producer-consumer',
    'raw-bytes',
    'request-reply',
    'sender-receiver',
  ])
  const topics = readdirSync(examples, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  for (const { name } of topics) t.true(tested.has(name), name)
})
