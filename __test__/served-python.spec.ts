// The Python end of calls, message by message: its peer here is a bare connection.

import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { type Connection, EOFError, Process } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { interpreters } from './interpreters.ts'
import { malformedCalls } from './malformed-calls.ts'
import { pair } from './pairs.ts'

const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/python/${name}.py`, import.meta.url))
const pythons = await interpreters()
const interpreter = pythons.at(-1)!.path
const OLDEST_AND_NEWEST = [...new Set([pythons[0]!, pythons.at(-1)!])]

checkDescriptors(test)

/** A Python child that serves `raw_serving.py`, and the connection to it; what `gate` sends ends its function `hold`. */
async function served(
  t: ExecutionContext,
  options: { threads?: number; concurrency?: number } = {},
  python = interpreter,
): Promise<{ peer: Connection; gate: Connection; child: Process }> {
  const [peer, there] = pair(t, { codec: 'pickle', transport: 'socket' })
  const [gate, gateThere] = pair(t, { codec: 'pickle', transport: 'socket' })
  const child = new Process(fixture('raw_serving'), {
    target: 'serves',
    args: [there, options, gateThere],
    interpreter: python,
    stdio: ['ignore', 'inherit', 'ignore'],
  })
  await child.start()
  t.teardown(async () => {
    child.kill()
    await child.join()
    child.close()
  })
  return { peer, gate, child: child as Process }
}

/** Calls a function, and gives the message that answers. */
async function ask(peer: Connection, id: number, name: string, ...args: unknown[]): Promise<unknown> {
  await peer.send([0, id, name, args])
  return peer.recv()
}

/** The sum of 1 and 2, asked for until the child has room for one call more. Other answers may still be on their way. */
async function sumWhenFree(peer: Connection, firstId: number): Promise<unknown> {
  for (let id = firstId; ; id++) {
    let answer = (await ask(peer, id, 'add', 1, 2)) as unknown[]
    while (answer[1] !== id) answer = (await peer.recv()) as unknown[]
    if (answer[0] === 1) return answer[2]
  }
}

test('hostile: every malformed message ends the connection of a Python child, which says what was wrong', async (t) => {
  const ends = malformedCalls.map(() => pair(t, { codec: 'pickle', transport: 'socket' }))
  const [report, reportThere] = pair(t, { codec: 'pickle', transport: 'socket' })
  const args = [ends.map(([, there]) => there), reportThere]
  await using child = new Process(fixture('raw_serving'), { target: 'serves_each', args, interpreter })
  await child.start()
  for (const [at, [what, message]] of malformedCalls.entries()) {
    const [peer] = ends[at]!
    await peer.send(message)
    await peer.send([0, 2, 'add', [1, 2]])
    t.regex((await report.recv()) as string, /^malformed call message: /, what)
    await t.throwsAsync(peer.recv(), undefined, what)
  }
  await child.join()
  t.is(child.exitCode, 0)
})

test('hostile: two calls with one id end the connection of a Python child, and the child with it', async (t) => {
  const { peer, child } = await served(t)
  t.deepEqual(await ask(peer, 1, 'add', 1, 2), [1, 1, 3])
  // An id that is free again may be another call's.
  t.deepEqual(await ask(peer, 1, 'add', 2, 2), [1, 1, 4])
  await peer.send([0, 1, 'sleep', []])
  await peer.send([0, 1, 'add', [1, 2]])
  await t.throwsAsync(peer.recv(), { instanceOf: EOFError })
  await child.join()
  t.is(child.exitCode, 1)
})

test('hostile: answers, aborts and credits of calls that a Python child does not know are dropped', async (t) => {
  const { peer } = await served(t)
  for (const kind of [1, 2, 3, 4, 5]) await peer.send([kind, 1, 'nobody asked'])
  const sent: Promise<void>[] = []
  for (let id = 0; id < 20_000; id++) sent.push(peer.send([6, id]), peer.send([7, id, Number.MAX_SAFE_INTEGER]))
  await Promise.all(sent)
  t.deepEqual(await ask(peer, 1, 'add', 1, 2), [1, 1, 3])
})

test('hostile: names of what every object has are no functions in Python', async (t) => {
  const { peer } = await served(t)
  for (const name of [
    '',
    '__class__',
    '__init__',
    '__builtins__',
    'serves',
    'carom_serving',
    '__proto__',
    'x'.repeat(1e5),
  ]) {
    const [kind, id, error] = (await ask(peer, 7, name)) as [number, number, { name: string; message: string }]
    t.deepEqual([kind, id, error.name], [2, 7, 'ReferenceError'])
    t.true(error.message.length < 500)
  }
  await peer.send([0, 8, 'add', [1, 2], { __class__: 1 }])
  t.like(await peer.recv(), { 0: 2, 1: 8, 2: { name: 'TypeError' } })
  t.deepEqual(await ask(peer, 9, 'add', 1, 2), [1, 9, 3])
})

test('hostile: calls that are given up at once leave nothing behind in a Python child', async (t) => {
  for (const [options, name] of [
    [{ concurrency: 10 }, 'sleep'],
    [{ concurrency: 10, threads: 1 }, 'sleep'],
    [{ concurrency: 10 }, 'numbers'],
    [{ concurrency: 10 }, 'mark'],
  ] as const) {
    const { peer } = await served(t, options)
    const sent: Promise<void>[] = []
    for (let id = 0; id < 1000; id++)
      sent.push(peer.send([0, id, name, name === 'mark' ? [id] : []]), peer.send([6, id]))
    await Promise.all(sent)
    t.is(await sumWhenFree(peer, 5000), 3, name)
  }
})

test('hostile: streams that nobody reads wait, and end with their calls', async (t) => {
  const { peer } = await served(t)
  for (let id = 0; id < 500; id++) await peer.send([0, id, 'numbers', []])
  for (let id = 0; id < 500; id++) t.deepEqual(await peer.recv(), [3, id])
  await peer.send([7, 3, 2])
  t.deepEqual(
    [await peer.recv(), await peer.recv()],
    [
      [4, 3, 0],
      [4, 3, 1],
    ],
  )
  t.deepEqual(await ask(peer, 600, 'streams'), [1, 600, 1])
  for (let id = 0; id < 500; id++) await peer.send([6, id])
  t.deepEqual(await ask(peer, 601, 'add', 1, 2), [1, 601, 3])
  t.deepEqual(await ask(peer, 602, 'streams'), [1, 602, 0])
})

test('hostile: a stream with endless credit that nobody reads waits for its reader, and ends with the connection', async (t) => {
  const { peer, child } = await served(t)
  await peer.send([0, 1, 'blocks', []])
  for (let n = 0; n < 100; n++) await peer.send([7, 1, Number.MAX_SAFE_INTEGER])
  t.deepEqual(await peer.recv(), [3, 1])
  await peer.close()
  await child.join()
  t.is(child.exitCode, 0)
})

test('more calls than may run and wait are answered with a BusyError', async (t) => {
  const { peer } = await served(t, { concurrency: 2 })
  for (let id = 1; id <= 4; id++) await peer.send([0, id, 'sleep', []])
  t.like(await ask(peer, 5, 'add', 1, 2), { 0: 2, 1: 5, 2: { name: 'BusyError', code: 'ERR_CAROM_BUSY' } })
  await peer.send([6, 2])
  t.is(await sumWhenFree(peer, 6), 3)
})

for (const threads of [undefined, 1]) {
  test(`a call that is given up while it waits behind a long one never runs${threads ? ', on a thread neither' : ''}`, async (t) => {
    const { peer, gate } = await served(t, threads ? { threads } : {})
    await peer.send([0, 1, 'hold', []])
    for (let id = 2; id < 52; id++) await peer.send([0, id, 'mark', [id]])
    // In the kernel's hands before the gate opens.
    for (let id = 3; id < 52; id++) peer.sendSync([6, id])
    // Where a thread runs the function, another one reads: an answer says that it has read this far.
    if (threads) t.deepEqual(await ask(peer, 59, 'here'), [1, 59, 'here'])
    await gate.send('go on')
    t.deepEqual(await peer.recv(), [1, 1, 'go on'])
    t.deepEqual(await peer.recv(), [1, 2])
    t.deepEqual(await ask(peer, 60, 'marked'), [1, 60, [2]])
  })
}

test('a call that is given up between short functions does not run', async (t) => {
  const { peer, gate } = await served(t)
  for (const [id, name, ...args] of [
    [1, 'hold'],
    [2, 'mark', 'a'],
    [3, 'hold'],
    [4, 'mark', 'b'],
  ] as const) {
    await peer.send([0, id, name, args])
  }
  await gate.send(1)
  t.deepEqual(await peer.recv(), [1, 1, 1])
  t.deepEqual(await peer.recv(), [1, 2])
  // In the kernel's hands before the gate opens.
  peer.sendSync([6, 4])
  await gate.send(2)
  t.deepEqual(await peer.recv(), [1, 3, 2])
  t.deepEqual(await ask(peer, 5, 'marked'), [1, 5, ['a']])
})

test('an answer does not wait for a function that has always been quick, and now takes long', async (t) => {
  const { peer, gate } = await served(t)
  const calls = (first: number, holds: boolean[]): Promise<void[]> =>
    Promise.all(holds.map((each, n) => peer.send([0, first + n, 'may_hold', [each]])))
  const quick = Array.from({ length: 8 }, () => false)
  for (let round = 0; round < 50; round++) {
    await calls(8 * round, quick)
    for (const n of quick.keys()) t.deepEqual(await peer.recv(), [1, 8 * round + n])
  }
  for (let round = 0; round < 5; round++) {
    await calls(1000 + 8 * round, [...quick.slice(2), true, false])
    for (let n = 0; n < 6; n++) t.deepEqual(await peer.recv(), [1, 1000 + 8 * round + n])
    await gate.send('now')
    t.deepEqual(await peer.recv(), [1, 1006 + 8 * round, 'now'])
    t.deepEqual(await peer.recv(), [1, 1007 + 8 * round])
  }
})

test('a plain function runs inside the event loop, which goes on with what it has begun', async (t) => {
  const { peer } = await served(t)
  t.deepEqual(await ask(peer, 1, 'mark_later', 'a'), [1, 1])
  let marked: unknown[] = []
  for (let id = 2; marked.length === 0; id++) marked = ((await ask(peer, id, 'marked')) as unknown[])[2] as unknown[]
  t.deepEqual(marked, ['a'])
})

for (const { name: python, path } of OLDEST_AND_NEWEST) {
  for (const [what, name, options] of [
    ['a plain function', 'raises', {}],
    ['a function on a thread', 'raises', { threads: 2 }],
    ['an async function', 'raises_later', {}],
  ] as const) {
    test(`${python}: what ${what} raises fails its call alone, even where it is no Exception`, async (t) => {
      const { peer } = await served(t, options, path)
      let id = 0
      for (const raised of ['Beyond', 'CancelledError', 'GeneratorExit']) {
        const [kind, answered, error] = (await ask(peer, ++id, name, raised)) as [number, number, { name: string }]
        t.deepEqual([kind, answered, error.name], [2, id, raised])
        t.deepEqual(await ask(peer, ++id, 'add', 1, 2), [1, id, 3])
      }
    })
  }

  test(`${python}: functions that have run are answered although a later one is interrupted`, async (t) => {
    const { peer } = await served(t, {}, path)
    const quick = Array.from({ length: 50 }, () => false)
    for (const id of quick.keys()) t.deepEqual(await ask(peer, id, 'may_be_interrupted', false), [1, id])
    for (let id = 100; id < 107; id++) peer.send([0, id, 'may_be_interrupted', [id === 106]]).catch(() => {})
    for (let id = 100; id < 106; id++) t.deepEqual(await peer.recv(), [1, id])
    await t.throwsAsync(peer.recv(), { instanceOf: EOFError })
  })

  test(`${python}: a plain function that runs the event loop itself is called once`, async (t) => {
    const { peer } = await served(t, {}, path)
    for (const id of [1, 2]) t.deepEqual(await ask(peer, id, 'runs_the_loop', id), [1, id])
    t.deepEqual(await ask(peer, 3, 'marked'), [1, 3, [1, 2]])
  })
}

test('a timer of an async function goes off although plain functions are called without end', async (t) => {
  const { peer } = await served(t)
  await peer.send([0, 0, 'nap', []])
  let id = 0
  const call = (): Promise<void> => peer.send([0, ++id, 'add', [id, 1]])
  for (let n = 0; n < 64; n++) await call()
  for (;;) {
    const [kind, answered, value] = (await peer.recv()) as [number, number, unknown]
    t.is(kind, 1)
    if (answered === 0) {
      t.is(value, 'awake')
      break
    }
    if (value !== answered + 1) t.fail(`${answered} + 1 is ${value}`)
    await call()
  }
})

test('an answer overtakes those of calls that take longer', async (t) => {
  const { peer } = await served(t)
  await peer.send([0, 1, 'until_unlocked', []])
  t.deepEqual(await ask(peer, 2, 'add', 1, 2), [1, 2, 3])
  t.deepEqual(await ask(peer, 3, 'unlock'), [1, 3])
  t.deepEqual(await peer.recv(), [1, 1, 'unlocked'])
  const threaded = await served(t, { threads: 2 })
  await threaded.peer.send([0, 1, 'hold', []])
  t.deepEqual(await ask(threaded.peer, 2, 'add', 1, 2), [1, 2, 3])
  await threaded.gate.send('late')
  t.deepEqual(await threaded.peer.recv(), [1, 1, 'late'])
})

for (const { name, path } of OLDEST_AND_NEWEST) {
  test(`${name}: 900 calls at once are each answered with their own result`, async (t) => {
    await using python = new Process(fixture('served'), { serve: true, interpreter: path })
    await python.start()
    const numbers = Array.from({ length: 900 }, (_, n) => n)
    t.deepEqual(
      await Promise.all(numbers.map((n) => python.remote['add']!(n, 0.5))),
      numbers.map((n) => n + 0.5),
    )
  })

  test(`${name}: messages around the sizes where reading and writing change arrive whole`, async (t) => {
    await using python = new Process(fixture('served'), { serve: true, interpreter: path })
    await python.start()
    const sizes = [16 * 1024, 64 * 1024, 128 * 1024].flatMap((size) =>
      Array.from({ length: 80 }, (_, n) => size - 64 + n),
    )
    const same = (bytes: Uint8Array, size: number): boolean =>
      bytes.length === size && bytes.every((byte) => byte === size % 251)
    const echo = async (size: number): Promise<boolean> => {
      const back = await python.remote['identity']!(new Uint8Array(size).fill(size % 251))
      return same(back as Uint8Array, size)
    }
    for (const size of sizes) if (!(await echo(size))) t.fail(`${size} bytes, alone`)
    t.true((await Promise.all(sizes.map(echo))).every(Boolean))
  })
}
