// How an end of calls takes each message, from a peer that is a bare connection and keeps no rules.

import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import test from 'ava'
import { EOFError, ProtocolError } from 'carom'
import { type AnyRemote, currentCall, remote, serve } from 'carom/calls'
import { checkDescriptors } from './descriptors.ts'
import { malformedCalls } from './malformed-calls.ts'
import { pair } from './pairs.ts'
import { until } from './until.ts'

checkDescriptors(test)

test('hostile: every malformed message ends the connection that is served, and calls nothing', async (t) => {
  for (const codec of ['structured', 'json', 'msgpack'] as const) {
    for (const [what, message] of malformedCalls) {
      const [peer, there] = pair(t, { codec })
      const serving = serve(there, { add: () => t.fail(`${what} called a function`) })
      await peer.send(message)
      await t.throwsAsync(serving, { instanceOf: ProtocolError, message: /^malformed call message: / }, what)
      await t.throwsAsync(peer.recv(), { instanceOf: EOFError }, what)
    }
  }
})

test('hostile: every malformed message ends the connection of a caller, whose calls reject', async (t) => {
  for (const [what, message] of malformedCalls) {
    // To an end that serves nothing, a call or a credit is no fault that it has to look into.
    const kind = Array.isArray(message) ? message[0] : undefined
    const hasId = Array.isArray(message) && Number.isSafeInteger(message[1]) && (message[1] as number) >= 0
    if ((kind === 0 || kind === 7) && hasId) continue
    const [here, peer] = pair(t)
    const waiting = remote(here).f!()
    await peer.recv()
    await peer.send(message)
    await t.throwsAsync(async () => waiting, { instanceOf: ProtocolError }, what)
  }
})

test('hostile: two calls with one id end the connection, and abort the first', async (t) => {
  const [peer, there] = pair(t)
  let aborted: Promise<unknown> | undefined
  const serving = serve(there, {
    wait() {
      aborted = once(currentCall()!.signal, 'abort')
      return aborted
    },
    add: (a: number, b: number) => a + b,
  })
  for (const sum of [3, 4]) {
    // An id that is free again may be another call's.
    await peer.send([0, 1, 'add', [sum, 0]])
    t.deepEqual(await peer.recv(), [1, 1, sum])
  }
  await peer.send([0, 1, 'wait', []])
  await peer.send([0, 1, 'add', [1, 2]])
  await t.throwsAsync(serving, { instanceOf: ProtocolError, message: /two calls at once have the id 1/ })
  await aborted
})

test('hostile: answers that nobody asked for, and aborts and credits of unknown calls, are dropped', async (t) => {
  const [here, peer] = pair(t)
  const serving = serve(here, { add: (a: number, b: number) => a + b })
  const waiting = remote(here).f!()
  t.deepEqual(await peer.recv(), [0, 1, 'f', []])
  for (const kind of [1, 2, 3, 4, 5]) await peer.send([kind, 2, 'nobody asked'])
  const sent: Promise<void>[] = []
  for (let id = 0; id < 20_000; id++) sent.push(peer.send([6, id]), peer.send([7, id, Number.MAX_SAFE_INTEGER]))
  await Promise.all(sent)
  await peer.send([1, 1, 'asked'])
  await peer.send([1, 1, 'twice'])
  t.is(await waiting, 'asked')
  await peer.send([0, 1, 'add', [1, 2]])
  t.deepEqual(await peer.recv(), [1, 1, 3])
  await peer.close()
  await serving
})

for (const [what, message] of [
  ['an item', [4, 1, 'item']],
  ['the end', [5, 1]],
] as const) {
  test(`hostile: ${what} of a stream that has not begun ends the connection, and leaves no call waiting`, async (t) => {
    const [here, peer] = pair(t)
    const waiting = remote(here).f!()
    await peer.recv()
    await peer.send(message)
    await t.throwsAsync(async () => waiting, { instanceOf: ProtocolError, message: /stream/ })
  })
}

test('hostile: names of what every object has are no functions', async (t) => {
  const [peer, there] = pair(t)
  void serve(there, { add: (a: number, b: number) => a + b })
  const names = [
    '',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '__defineGetter__',
    'then',
    'toJSON',
    'signal',
  ]
  for (const name of [...names, 'x'.repeat(1e5)]) {
    await peer.send([0, 7, name, []])
    const [kind, id, error] = (await peer.recv()) as [number, number, { name: string; message: string }]
    t.deepEqual([kind, id, error.name], [2, 7, 'ReferenceError'], name)
    t.true(error.message.length < 300)
  }
  const kwargs = JSON.parse('{"__proto__": {"polluted": 1}}') as object
  await peer.send([0, 8, 'add', [kwargs], kwargs])
  t.like(await peer.recv(), { 0: 2, 1: 8, 2: { name: 'TypeError' } })
  t.is(({} as { polluted?: number }).polluted, undefined)
})

test('hostile: calls that are given up at once leave nothing behind', async (t) => {
  const [peer, there] = pair(t)
  void serve(
    there,
    {
      async wait() {
        await once(currentCall()!.signal, 'abort')
      },
      *numbers() {
        for (let n = 0; ; n++) yield n
      },
      add: (a: number, b: number) => a + b,
    },
    { concurrency: 10 },
  )
  for (const name of ['wait', 'numbers']) {
    for (let id = 0; id < 2000; id++) {
      await peer.send([0, id, name, []])
      await peer.send([6, id])
    }
    for (let id = 5000; ; id++) {
      await peer.send([0, id, 'add', [1, 2]])
      let answer: unknown
      do answer = await peer.recv()
      while ((answer as number[])[1] !== id)
      if ((answer as number[])[0] === 1) break
    }
  }
  t.pass()
})

test('hostile: streams that nobody reads wait, and end with their calls', async (t) => {
  const [peer, there] = pair(t)
  let open = 0
  const functions = {
    *numbers() {
      open++
      try {
        for (let n = 0; ; n++) yield n
      } finally {
        open--
      }
    },
    open: () => open,
  }
  void serve(there, functions)
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
  for (let id = 0; id < 500; id++) await peer.send([6, id])
  await peer.send([0, 600, 'open', []])
  t.is(((await peer.recv()) as unknown[])[1], 600)
  await setImmediate()
  t.is(open, 0)
})

test('hostile: a stream with endless credit, whose items nobody reads, waits in bounded memory', async (t) => {
  const [peer, there] = pair(t)
  let made = 0
  const serving = serve(there, {
    *blocks() {
      for (;;) {
        made++
        yield new Uint8Array(65_536)
      }
    },
  })
  await peer.send([0, 1, 'blocks', []])
  for (let n = 0; n < 100; n++) await peer.send([7, 1, Number.MAX_SAFE_INTEGER])
  t.deepEqual(await peer.recv(), [3, 1])
  await until(() => made > 0, 'no block is made')
  for (let n = 0; n < 2000; n++) await setImmediate()
  t.true(made < 1000, `${made} blocks were made`)
  await peer.close()
  await serving
})

test('a remote’s own __proto__, constructor and toString are names like any other, and then is none', async (t) => {
  const [here, peer] = pair(t)
  const there = remote(here) as AnyRemote
  t.is((there as { then?: unknown }).then, undefined)
  void there['constructor']!(1)
  t.deepEqual(await peer.recv(), [0, 1, 'constructor', [1]])
  t.is(({} as { then?: unknown }).then, undefined)
})
