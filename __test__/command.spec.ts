// `npx carom`, as a user types it.

import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { connect, Listener } from 'carom'
import { serve } from 'carom/calls'
import { checkDescriptors } from './descriptors.ts'
import { PATIENCE } from './handshakes.ts'
import { freshPath } from './listeners.ts'
import { until } from './until.ts'

checkDescriptors(test)

const PROGRAM = fileURLToPath(new URL('../dist/command.cjs', import.meta.url))

interface Run {
  child: ChildProcess
  out: () => string
  /** The exit code, standard output, and standard error. */
  ended: Promise<[number | null, string, string]>
}

function carom(t: ExecutionContext, ...args: string[]): Run {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: 'pipe' })
  let [out, complaints] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text))
  child.stdin.on('error', () => {})
  const ended = once(child, 'close').then(([code]): [number | null, string, string] => [
    code as number | null,
    out,
    complaints,
  ])
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return { child, out: () => out, ended }
}

/** Connects once the program listens. */
async function connected(path: string, options: Parameters<typeof connect>[1]) {
  for (;;) {
    const end = await connect(path, options).catch(() => {})
    if (end) return end
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

test('connect sends each line of its input, and ends with it', async (t) => {
  const path = freshPath(t)
  const listener = new Listener(path, { codec: 'json' })
  const run = carom(t, 'connect', path)
  run.child.stdin?.end('{"hello":"world"}\n\n[1, 2]')
  const end = await listener.accept()
  t.deepEqual(await end.recv(), { hello: 'world' })
  t.deepEqual(await end.recv(), [1, 2])
  t.deepEqual(await run.ended, [0, '', ''])
  await Promise.all([end.close(), listener.close()])
})

test('connect --once prints one message, though its input has ended', async (t) => {
  const path = freshPath(t)
  const listener = new Listener(path, { codec: 'json' })
  const run = carom(t, 'connect', '--once', path)
  run.child.stdin?.end('"ping"\n')
  const end = await listener.accept()
  t.is(await end.recv(), 'ping')
  await end.send({ pong: true })
  t.deepEqual(await run.ended, [0, '{"pong":true}\n', ''])
  await Promise.all([end.close(), listener.close()])
})

test('listen prints what arrives from one peer after the other, and with --once of the first only', async (t) => {
  const path = freshPath(t)
  const run = carom(t, 'listen', path)
  for (const [text, printed] of [
    ['first', '"first"\n'],
    ['second', '"first"\n"second"\n'],
  ] as const) {
    const end = await connected(path, { codec: 'json' })
    await end.send(text)
    await until(
      () => run.out() === printed,
      () => `it has printed ${run.out()}`,
    )
    await end.close()
  }
  const other = freshPath(t)
  const single = carom(t, 'listen', '--once', other)
  const end = await connected(other, { codec: 'json' })
  single.child.stdin?.write('"to you"\n')
  t.is(await end.recv(), 'to you')
  await end.close()
  t.deepEqual(await single.ended, [0, '', ''])
})

test('a value that JSON lacks is an object with a $type, both ways', async (t) => {
  const path = freshPath(t)
  const run = carom(t, 'listen', '--codec', 'structured', path)
  const end = await connected(path, {})
  const value = {
    nothing: undefined,
    big: 12n,
    odd: [NaN, -0, Infinity],
    date: new Date(0),
    map: new Map([['key', new Set([1])]]),
    bytes: Buffer.from('hello'),
    floats: new Float32Array([0.5]),
    pattern: /a+/g,
    error: new RangeError('no'),
    $type: 'mine',
  }
  await end.send(value)
  await until(() => run.out().endsWith('\n'), 'nothing is printed')
  t.regex(run.out(), /"\$type":"bigint","value":"12"/)
  run.child.stdin?.write(run.out())
  t.deepEqual(await end.recv(), value)
  await end.close()
})

test('an authkey comes from a file, whose last newline is not part of it', async (t) => {
  const [path, file] = [freshPath(t), `${freshPath(t)}.key`]
  writeFileSync(file, 'secret\n')
  const listener = new Listener(path, { codec: 'json', authkey: 'secret', handshakeTimeout: PATIENCE })
  const accepting = listener.accept()
  const run = carom(t, 'connect', '--authkey-file', file, path)
  const end = await accepting
  run.child.stdin?.end('1')
  t.is(await end.recv(), 1)
  t.deepEqual(await run.ended, [0, '', ''])
  await Promise.all([end.close(), listener.close()])
})

test('call prints what the function has thrown as its language does, and nothing that a terminal would obey', async (t) => {
  const path = freshPath(t)
  const listener = new Listener(path, { codec: 'json' })
  t.teardown(() => listener.close())
  const traceback = 'Traceback (most recent call last):\n  File "x.py", line 1, in f\nValueError: bad\n'
  const errors: Record<string, unknown> = {
    stack: { name: 'TypeError', message: 'no', stack: 'TypeError: no\n    at f (x.js:1:2)' },
    cause: { name: 'Error', message: 'outer', cause: { name: 'RangeError', message: 'inner' } },
    own: { name: 'OwnError', message: '' },
    python: { name: 'ValueError', message: 'bad', module: 'builtins', args: ['bad'], traceback },
    short: { name: 'Full', message: 'no room', module: 'queue', args: [] },
    value: { thrown: { reason: 1 } },
    escape: { name: 'Error', message: '\u001b[2J\u009b2J\rgone\tor not' },
  }
  const serving = (async () => {
    for await (const peer of listener) {
      const [, id, name] = (await peer.recv()) as [number, number, string]
      await peer.send([2, id, errors[name]])
      // The end that calls closes first.
      await peer.recv().catch(() => {})
      await peer.close()
    }
  })()
  for (const [name, printed] of [
    ['stack', 'TypeError: no\n    at f (x.js:1:2)\n'],
    ['cause', 'Error: outer\n[cause]: RangeError: inner\n'],
    ['own', 'OwnError\n'],
    ['python', traceback],
    ['short', 'queue.Full: no room\n'],
    ['value', 'thrown: {"reason":1}\n'],
    ['escape', 'Error: \\x1b[2J\\x9b2J\\x0dgone\tor not\n'],
  ] as const) {
    t.deepEqual(await carom(t, 'call', path, name).ended, [1, '', printed])
  }
  await listener.close()
  await serving
})

test('what a peer sends has nothing in it that a terminal would obey, be it a value or no JSON at all', async (t) => {
  const path = freshPath(t)
  const listener = new Listener(path, { codec: 'json' })
  t.teardown(() => listener.close())
  const run = carom(t, 'connect', path)
  const end = await listener.accept()
  const value = 'a\u001b[2J\u009b2J\u007f'
  await end.send(value)
  await end.sendBytes(Buffer.from('\u001b[2J\u009b2J'))
  await end.close()
  const [code, out, errors] = await run.ended
  t.deepEqual([code, out], [1, '"a\\u001b[2J\\u009b2J\\u007f"\n'])
  t.is(JSON.parse(out), value)
  t.true(errors.includes('\\x1b[2J\\x9b2J'), errors)
  for (const obeyed of ['\u001b', '\u009b']) t.false(errors.includes(obeyed))
  await listener.close()
})

test('call makes one call, whose arguments are JSON, else text, and prints the result or each item of a stream', async (t) => {
  const path = freshPath(t)
  const listener = new Listener(path, { codec: 'json' })
  const functions = {
    show: (...args: unknown[]) => args,
    *count(n: number) {
      for (let i = 0; i < n; i++) yield i
    },
    fail() {
      throw new RangeError('too far')
    },
    never: () => new Promise(() => {}),
  }
  const serving = (async () => {
    for await (const peer of listener) {
      const close = (): Promise<void> => peer.close()
      serve(peer, functions).then(close, close)
    }
  })()
  const call = (...args: string[]) => carom(t, 'call', path, ...args).ended
  t.deepEqual(await call('show', '1', '{"a":[true]}', 'photo.jpg', '"2"'), [
    0,
    '[1,{"a":[true]},"photo.jpg","2"]\n',
    '',
  ])
  t.deepEqual(await call('count', '3'), [0, '0\n1\n2\n', ''])
  t.deepEqual(await call('fail'), [1, '', 'RangeError: too far\n'])
  t.regex((await call('nowhere'))[2], /there is no function 'nowhere' here; there are: show, count, fail, never/)
  t.regex((await call('never', '--timeout', '1'))[2], /never: no answer within 1 ms/)
  await listener.close()
  await serving
})

test('a failure is printed on standard error, with exit code 1', async (t) => {
  const [code, out, complaints] = await carom(t, 'connect', '/nonexistent/socket').ended
  t.deepEqual([code, out], [1, ''])
  t.regex(complaints, /^carom: connect \/nonexistent\/socket: .*ENOENT/)
})

test('a line that is no JSON is reported, and the others are sent', async (t) => {
  const path = freshPath(t)
  const listener = new Listener(path, { codec: 'json' })
  const run = carom(t, 'connect', path)
  run.child.stdin?.end('nonsense\n2\n')
  const end = await listener.accept()
  t.is(await end.recv(), 2)
  const [code, , complaints] = await run.ended
  t.is(code, 1)
  t.regex(complaints, /^carom: line 1: .*JSON/)
  await Promise.all([end.close(), listener.close()])
})

test('a listener that a signal ends leaves no socket file', async (t) => {
  const path = freshPath(t)
  const run = carom(t, 'listen', path)
  const end = await connected(path, { codec: 'json' })
  run.child.kill('SIGINT')
  await run.ended
  t.is(run.child.signalCode, 'SIGINT')
  t.false(existsSync(path))
  await end.close()
})

for (const [what, args, told] of [
  ['no command', [], /a command is missing/],
  ['an unknown command', ['serve', 'x'], /no command is called serve/],
  ['a mistyped option', ['connect', '--timout', '5', 'x'], /no option --timout: did you mean '--timeout'\?/],
  ['a timeout for a command that has none', ['listen', '--timeout', '5', 'x'], /--timeout is of call/],
  ['an end for a command that has one', ['call', '--once', 'x', 'add'], /--once is of listen and connect/],
  ['a port that there can’t be', ['connect', 'localhost:99999'], /at most 65535/],
  ['no name of a function', ['call', 'x'], /call wants the NAME/],
  ['a timeout that is none', ['call', '--timeout', 'soon', 'x', 'y'], /--timeout is a number/],
  ['no address', ['connect'], /connect wants an ADDRESS/],
  ['an unknown option', ['connect', '--key', 'x', 'y'], /--key/],
  ['an unknown codec', ['connect', '--codec', 'bson', 'y'], /--codec is json, .*, not bson/],
  ['a key file that is missing', ['connect', '--authkey-file', '/nonexistent', 'y'], /--authkey-file: .*ENOENT/],
] as const) {
  test(`${what} is reported on standard error, with exit code 2`, async (t) => {
    const [code, out, complaints] = await carom(t, ...args).ended
    t.deepEqual([code, out], [2, ''])
    t.regex(complaints, told)
    t.regex(complaints, /carom --help/)
  })
}

test('--help shows examples on standard output', async (t) => {
  const [code, out, complaints] = await carom(t, '--help').ended
  t.deepEqual([code, complaints], [0, ''])
  t.regex(out, /Examples:\n {2}carom listen/)
})

const inTerminal = process.platform === 'linux' ? test : test.skip
inTerminal('in a terminal, each typed line is sent, and the end of input ends the command', async (t) => {
  try {
    execFileSync('script', ['--version'])
  } catch {
    t.pass('there is no script(1)')
    return
  }
  const path = freshPath(t)
  const listener = new Listener(path, { codec: 'json' })
  const command = `${process.execPath} ${PROGRAM} connect ${path}`
  const terminal = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], { stdio: 'pipe' })
  const ended = once(terminal, 'close')
  t.teardown(async () => {
    terminal.kill('SIGKILL')
    await ended
  })
  let screen = ''
  terminal.stdout.setEncoding('utf8').on('data', (text: string) => (screen += text))
  const end = await listener.accept()
  terminal.stdin.write('"typed"\n')
  t.is(await end.recv(), 'typed')
  await end.send('answered')
  await until(
    () => screen.includes('"answered"'),
    () => `the screen shows ${screen}`,
  )
  // Control-D
  terminal.stdin.write('\x04')
  t.is((await ended)[0], 0)
  await Promise.all([end.close(), listener.close()])
})
