// The objects that a message can't take along: each refusal names its place in the value, and nothing is sent.

import { openSync } from 'node:fs'
import { devNull } from 'node:os'
import test, { type ExecutionContext } from 'ava'
import {
  CaromError,
  connect,
  type Connection,
  ConnectionClosedError,
  EncodeError,
  Handle,
  Listener,
  pipe,
  Process,
  SystemError,
} from 'carom'
import { remote } from 'carom/calls'
import { SharedMemory } from 'carom/shared-memory'
import { checkDescriptors } from './descriptors.ts'
import { closeAfter, pair } from './pairs.ts'

checkDescriptors(test)

const onLinux = process.platform === 'linux' ? test : test.skip

/** A value that has `object` at `list[1].object`. */
function around(object: unknown): object {
  return { list: [0, { object }] }
}

/** Sends `value` both ways; the errors. */
async function refusals(t: ExecutionContext, by: Connection, value: unknown): Promise<CaromError[]> {
  const before = by.stats
  const errors = [
    (await t.throwsAsync(async () => by.send(value), { instanceOf: CaromError }))!,
    t.throws(() => by.sendSync(value), { instanceOf: CaromError })!,
  ]
  t.deepEqual(by.stats, before)
  return errors
}

/** Both ends of a connection over TCP. */
async function overTcp(t: ExecutionContext): Promise<[Connection, Connection]> {
  const listener = new Listener({ host: '127.0.0.1', port: 0 })
  t.teardown(() => listener.close())
  const ends = await Promise.all([connect(listener.address), listener.accept()])
  for (const end of ends) closeAfter(t, end)
  return ends
}

/** The place, behind the words that each `EncodeError` begins with. */
const AT_PLACE = /^(?:the value can't be encoded: )?list\[1\]\.object: /

for (const codec of ['structured', 'json', 'v8', 'msgpack', 'pickle'] as const) {
  test(`a closed connection is refused at its place by the codec '${codec}'`, async (t) => {
    const [a] = pair(t, { codec })
    const [closed] = pair(t, { codec })
    await closed.close()
    for (const error of await refusals(t, a, around(closed))) {
      t.true(error instanceof EncodeError)
      t.regex(error.message, AT_PLACE)
    }
  })
}

test("behind an object that JSON makes nothing of, the codec 'json' finds the place", async (t) => {
  const [a] = pair(t, { codec: 'json' })
  const value = { nothing: undefined, date: new Date(0), own: { toJSON: () => [1] }, ...around(new Handle(0)) }
  for (const error of await refusals(t, a, value)) t.regex(error.message, AT_PLACE)
  const [top] = await refusals(t, a, new Handle(0))
  t.regex(top!.message, /^the value can't be encoded: a Handle can't go/)
})

test('a connection of another codec, and a Listener with a key, are refused at their place', async (t) => {
  const [a] = pair(t)
  const [json] = pair(t, { codec: 'json' })
  const listener = new Listener(undefined, { authkey: 'key' })
  t.teardown(() => listener.close())
  for (const object of [json, listener]) {
    for (const error of await refusals(t, a, around(object))) {
      t.true(error instanceof EncodeError)
      t.regex(error.message, AT_PLACE)
    }
  }
})

test('over TCP, connections, descriptors and shared memory are refused at their place', async (t) => {
  const [client] = await overTcp(t)
  const [end] = pair(t)
  const memory = SharedMemory.create(100)
  t.teardown(() => {
    memory.close()
    memory.unlink()
  })
  for (const object of [end, new Handle(0), memory]) {
    for (const error of await refusals(t, client, around(object))) {
      t.like(error, { name: 'SystemError', code: 'EOPNOTSUPP', syscall: 'sendmsg' })
      t.regex(error.message, AT_PLACE)
    }
  }
  const [alone] = await refusals(t, client, memory)
  t.regex(alone!.message, /^shared memory can only be sent/)
})

test('over TCP, shared memory in a pickle is refused at its place', async (t) => {
  const listener = new Listener({ host: '127.0.0.1', port: 0 }, { codec: 'pickle' })
  t.teardown(() => listener.close())
  const [client, server] = await Promise.all([connect(listener.address, { codec: 'pickle' }), listener.accept()])
  for (const end of [client, server]) closeAfter(t, end)
  const memory = SharedMemory.create(100)
  t.teardown(() => {
    memory.close()
    memory.unlink()
  })
  for (const value of [around(memory), { ...around(memory), again: new Map([['key', memory]]) }]) {
    for (const error of await refusals(t, client, value)) {
      t.like(error, { name: 'SystemError', code: 'EOPNOTSUPP', syscall: 'sendmsg' })
      t.regex(error.message, AT_PLACE)
    }
  }
  const [inMap] = await refusals(t, client, new Map([['key', [memory]]]))
  t.regex(inMap!.message, /^get\("key"\)\[0\]: shared memory/)
  const [alone] = await refusals(t, client, memory)
  t.regex(alone!.message, /^shared memory can only be sent/)
})

test('a Handle that is closed, or whose descriptor is, is refused at its place, in a message and for a process', async (t) => {
  const closed = new Handle(openSync(devNull, 'r'))
  closed.close()
  const [a] = pair(t)
  for (const error of await refusals(t, a, around(closed))) {
    t.true(error instanceof EncodeError)
    t.regex(error.message, AT_PLACE)
    t.regex(error.message, /the handle is closed/)
  }
  // No process may have so many.
  const gone = 0x7fffffff
  for (const module of ['module.js', 'module.py']) {
    for (const [handle, reason] of [
      [closed, /the handle is closed/],
      [new Handle(gone), /descriptor \d+ is not open/],
    ] as const) {
      const child = new Process(new URL(module, import.meta.url), { target: 'run', args: [around(handle)] })
      const error = await t.throwsAsync(() => child.start(), { instanceOf: EncodeError, message: reason })
      t.regex(error!.message, /args\[0\]\.list\[1\]\.object: /)
    }
  }
})

test('a peer that takes no descriptors refuses the object at its place', async (t) => {
  const [a, b] = pair(t, { descriptors: false })
  const error = await a.send(around(new Handle(0))).catch((reason: unknown) => reason)
  // An older kernel does not refuse: the receiver drops what comes.
  if (error === undefined) await t.throwsAsync(() => b.recv())
  else {
    t.like(error, { code: 'EPERM', syscall: 'sendmsg' })
    t.regex((error as Error).message, AT_PLACE)
  }
})

test('a descriptor that is not open is refused at its place', async (t) => {
  const [a] = pair(t)
  const value = { first: new Handle(0), ...around(new Handle(99_999)) }
  for (const error of await refusals(t, a, value)) {
    t.true(error instanceof SystemError)
    t.is(error.code, 'EBADF')
    t.regex(error.message, AT_PLACE)
  }
})

test('a connection that a getter of the value closes is refused at its place', async (t) => {
  const [a] = pair(t)
  const [end] = pair(t)
  const closing = {
    ...around(end),
    get closing() {
      void end.close()
      return true
    },
  }
  await t.throwsAsync(() => a.send(closing), { instanceOf: ConnectionClosedError, message: AT_PLACE })
})

onLinux('a connection whose shared memory is in use is refused at its place by a plain one', async (t) => {
  const [a] = pipe()
  closeAfter(t, a)
  const [used, other] = pair(t, { transport: 'shared-memory' })
  used.sendSync(1)
  t.is(other.recvSync(), 1)
  for (const error of await refusals(t, a, around(used))) {
    t.true(error instanceof EncodeError)
    t.regex(error.message, AT_PLACE)
    t.true(error.cause instanceof TypeError)
    t.notRegex((error.cause as Error).message, /list/)
  }
  t.false(used.closed)
  const [top] = await refusals(t, a, used)
  t.regex(top!.message, /^the value can't be encoded: a connection whose shared memory is in use/)
})

test('an argument that the connection of a call does not take along is named as the caller knows it', async (t) => {
  const [client] = await overTcp(t)
  const [end] = pair(t)
  const there = remote(client)
  await t.throwsAsync(async () => there['take']!('first', { end }), {
    instanceOf: SystemError,
    code: 'EOPNOTSUPP',
    message: /^args\[1\]\.end: connections and descriptors/,
  })
})
