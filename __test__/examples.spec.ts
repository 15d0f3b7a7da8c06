import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { endedWell, startProgram } from './children.ts'
import { checkDescriptors } from './descriptors.ts'
import { virtualEnvironment } from './interpreters.ts'

checkDescriptors(test)

const examples = fileURLToPath(new URL('../examples/', import.meta.url))

/** Runs an example as its first lines say, and gives the lines that it and its children print. */
async function run(t: ExecutionContext, topic: string, env?: Record<string, string>): Promise<string[]> {
  const register = ['--import', '@oxc-node/core/register']
  const ending = await startProgram(t, process.execPath, [...register, `${examples}${topic}/index.ts`], [], env).ended
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

test('round-trips: both transports give the same answers', async (t) => {
  const lines = await run(t, 'round-trips')
  const transports = process.platform === 'linux' ? ['socket', 'shared-memory'] : [lines[0]!.split(':')[0]!]
  t.deepEqual(
    lines.filter((line) => !line.endsWith('µs a round trip')),
    transports.map((transport) => `${transport}: the squares up to 2000 add up to 2668667000`),
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
    'the replier was ended by SIGTERM',
  ])
})

test('listener-clients: each client gets its messages and its echoes, a wrong key is refused', async (t) => {
  const lines = await run(t, 'listener-clients')
  const accepted = lines.filter((line) => /^connection accepted from \{ host: '127\.0\.0\.1', port: \d+ \}$/.test(line))
  t.is(accepted.length, 3)
  t.is(lines.filter((line) => /^refused: accept 127\.0\.0\.1:\d+: .*authkey/.test(line)).length, 1)
  t.deepEqual(
    lines.filter((line) => !/^(connection accepted from|refused:) /.test(line)),
    [
      "[ 2.25, null, 'junk', { nested: true } ]",
      '<Buffer 68 65 6c 6c 6f>',
      '8 bytes',
      'Int32Array(5) [ 42, 1729, 0, 0, 0 ]',
      'echo of 1',
      'echo of two',
      'echo of [ 3 ]',
      "echo of Map(1) { 4 => 'four' }",
      'echo of 1970-01-01T00:00:00.005Z',
      'echo of 6n',
      'a guess is rejected',
      "[ 2.25, null, 'junk', { nested: true } ]",
      'hello',
      '8 bytes',
      'echo of are you there?',
    ],
  )
})

test('python-server: a Python listener answers with values and exceptions', async (t) => {
  t.deepEqual(await run(t, 'python-server'), [
    '4 numbers, mean 4, median 2.5',
    '1 numbers, mean 2.5, median 2.5',
    'ValueError: no numbers',
    'the server exited with 0',
  ])
})

test('python-client: a Python client is answered, with integers of any size and with bytes', async (t) => {
  t.deepEqual(await run(t, 'python-client'), [
    '12 squared is 144',
    '-3 squared is 9',
    '1099511627776 squared is 1208925819614629174706176',
    'reversed: morac',
    'the client exited with 0',
  ])
})

test('python-worker: a Python worker computes, with numpy or without', async (t) => {
  const [how, ...lines] = await run(t, 'python-worker')
  t.true(how === 'computing with numpy' || how === 'computing with plain Python', how)
  t.deepEqual(lines, ['y = 2.00 x + 1.00', 'y = -0.25 x + 100.00', 'y = 0.00 x + 42.00', 'the worker exited with 0'])
})

test('prime-pool: four processes count the primes', async (t) => {
  t.deepEqual(await run(t, 'prime-pool'), ['78498 primes below 1000000, counted by 4 processes'])
})

test('calls-plain-python: functions of a Python program that knows the messages are called', async (t) => {
  t.deepEqual(await run(t, 'calls-plain-python'), [
    'add(1, 2): 3',
    'countdown: 5',
    'countdown: 3',
    'countdown: 1',
    "TypeError: unsupported operand type(s) for +: 'int' and 'str'",
  ])
})

test('python-functions: a served Python module computes with numpy, and is started anew when it dies', async (t) => {
  const { path } = await virtualEnvironment()
  t.deepEqual(await run(t, 'python-functions', { PYTHON: path }), [
    'smooth: Float64Array(5) [ 1.5, 2.5, 3.5, 4.5, 5.5, shape: [ 5 ] ]',
    "describe: { name: 'model', numpy: true }",
    'batch: Float64Array(2) [ 4, 6, shape: [ 2 ] ]',
    'batch: Float64Array(2) [ 12, 14, shape: [ 2 ] ]',
    'ValueError',
    'EOFError',
    'the model has exited with 70: it is started anew',
    'smooth: Float64Array(1) [ 3.5, shape: [ 1 ] ]',
  ])
})

test('python-pool: each of three Python processes has its share of the jobs', async (t) => {
  const lines = await run(t, 'python-pool')
  // How many of them were idle at the right time is the machine's affair.
  t.regex(lines[1]!, /^the squares are 0 1 4 9 16 25 36 49 64 81 100 121, by [123] processes$/)
  lines.splice(1, 1)
  t.deepEqual(lines, [
    '3 processes run: worker-0, worker-1, worker-2',
    'the first that has ended is one of them: true',
    '0 processes run',
  ])
})

test('python-manager: a Python manager’s dict and queue are used in Node, and an object of Node’s in Python', async (t) => {
  t.deepEqual(await run(t, 'python-manager'), [
    '2 cues cost 160 EUR',
    'a table: there is no table to be had',
    "left: {'cue': 0, 'chalk': 60, 'cue wanted': 1}",
  ])
})

test('shared-memory: Python works on frames in place', async (t) => {
  const { path } = await virtualEnvironment()
  t.deepEqual(
    await run(t, 'shared-memory', { PYTHON: path }),
    [0, 1, 2, 3].map((n) => {
      const now = 255 - 10 * n
      return `frame ${n}: its first pixel is now ${now} ${now} ${now}, the mean ${now}`
    }),
  )
})

test('every example has a test', (t) => {
  const tested = new Set([
    'calls-plain-python',
    'delayed-senders',
    'demo',
    'listener-clients',
    'prime-pool',
    'producer-consumer',
    'python-client',
    'python-functions',
    'python-manager',
    'python-pool',
    'python-server',
    'python-worker',
    'raw-bytes',
    'request-reply',
    'round-trips',
    'sender-receiver',
    'shared-memory',
  ])
  const topics = readdirSync(examples, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  for (const { name } of topics) t.true(tested.has(name), name)
})
