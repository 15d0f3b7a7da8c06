import test from 'ava'
import { type Connection, EOFError, ProtocolError } from 'carom'
import { type AnyRemote, remote, serve } from 'carom/calls'
import { checkDescriptors } from './descriptors.ts'
import { connected, listen } from './listeners.ts'
import { pair } from './pairs.ts'

checkDescriptors(test)

const MIB = 1024 * 1024

/** An error that is inside itself `fan` times at each of `depth` levels, by references to the same few objects. */
function nested(fan: number, depth: number): object {
  let error: object = { name: 'Error', message: 'innermost' }
  for (let level = 0; level < depth; level++) {
    error = { name: 'AggregateError', message: 'outer', errors: Array.from({ length: fan }, () => error) }
  }
  return error
}

function sparse(): unknown[] {
  const list: unknown[] = []
  list.length = 2 ** 32 - 1
  return list
}

for (const [what, error] of [
  ['a few objects that stand for 10^12 errors', nested(10, 12)],
  ['a list of errors that claims four billion', { name: 'Error', message: '', errors: sparse() }],
  ['a list of a group’s exceptions that claims four billion', { module: '', exceptions: sparse() }],
  ['causes in a circle', Object.assign({ name: 'Error', message: '' } as { cause?: object }, { cause: {} })],
] as const) {
  test(`hostile: ${what} ends the connection at once`, async (t) => {
    if ('cause' in error) error.cause = error
    const [here, peer] = pair(t)
    const waiting = remote(here).f!()
    await peer.recv()
    await peer.send([2, 1, error])
    await t.throwsAsync(async () => waiting, { instanceOf: ProtocolError })
    await t.throwsAsync(peer.recv(), { instanceOf: EOFError })
  })
}

test('hostile: an error’s text that leaves no room for anything beside it in a string is that call’s error', async (t) => {
  const [here, peer] = pair(t, { codec: 'json' })
  const there = remote(here)
  const waiting = there.f!()
  await peer.recv()
  const text = 'x'.repeat(3 * MIB)
  await peer.send([2, 1, { name: text, message: text }])
  const error = await t.throwsAsync(async () => waiting)
  t.is(error.message.length, MIB)
  const next = there.g!()
  await peer.recv()
  await peer.send([1, 2, 'still here'])
  t.is(await next, 'still here')
})

test('hostile: names in an error’s fields change no prototype', async (t) => {
  const [here, peer] = pair(t)
  const waiting = remote(here).f!()
  await peer.recv()
  const fields = JSON.parse('{"__proto__": {"polluted": 1}, "constructor": 1, "then": 2}') as object
  await peer.send([2, 1, { name: 'Error', message: 'x', fields }])
  const error = await t.throwsAsync(async () => waiting)
  t.is(Object.getPrototypeOf(error), Error.prototype)
  t.deepEqual(Object.keys(error), ['__proto__', 'constructor', 'then'])
  t.is(({} as { polluted?: number }).polluted, undefined)
})

test('hostile: endless calls of missing functions, by a peer that reads no answers, end the connection in bounded memory', async (t) => {
  const [here, peer] = pair(t)
  const serving = serve(peer, { ['f'.repeat(1000)]() {} })
  serving.catch(() => {})
  let most = 0
  await t.throwsAsync(async () => {
    for (let id = 0; ; id++) {
      await here.send([0, id, 'g', []])
      most = Math.max(most, peer.bufferedAmount)
    }
  })
  await t.throwsAsync(serving, { instanceOf: ProtocolError, message: /reads no answers/ })
  t.true(most < 64 * MIB, `${most} bytes waited for the peer`)
})

test('hostile: a call that can’t be decoded is answered, and a credit that can’t be ends the connection', async (t) => {
  const [here, peer] = pair(t, { codec: 'pickle' })
  const serving = serve(peer, { f() {} })
  // [kind, 7, 'f', [a class of an unknown module]]
  const message = (kind: number): Buffer =>
    Buffer.from(`\x80\x04](K${String.fromCharCode(kind)}K\x07\x8c\x01f](cm\nC\nee.`, 'latin1')
  await here.sendBytes(message(0))
  const [kind, id, error] = (await here.recv()) as [number, number, Map<string, unknown> | Record<string, unknown>]
  t.deepEqual([kind, id], [2, 7])
  t.false('fields' in error)
  await here.sendBytes(message(7))
  await t.throwsAsync(serving, { instanceOf: ProtocolError })
})

test('a thrown error or result that can’t be read is that call’s error alone', async (t) => {
  const revoked = (): object => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    return proxy
  }
  const throwing = (key: string): object => ({
    get [key]() {
      throw new Error(`no ${key}`)
    },
  })
  const functions = {
    message() {
      throw Object.defineProperties(new Error('x'), Object.getOwnPropertyDescriptors(throwing('message')))
    },
    field() {
      throw Object.defineProperties(new Error('x'), Object.getOwnPropertyDescriptors(throwing('field')))
    },
    proxy() {
      throw revoked()
    },
    thenable: () => throwing('then'),
    result: () => revoked(),
    surrogate() {
      throw new Error('\ud800')
    },
    unsendable() {
      throw Object.assign(new Error('x'), { field: () => {} })
    },
    fine: () => 'fine',
  }
  for (const codec of ['structured', 'json', 'msgpack', 'v8', 'pickle'] as const) {
    const [here, peer] = pair(t, { codec })
    const serving = serve(peer, functions)
    const there = remote(here) as AnyRemote
    for (const name of Object.keys(functions).filter((each) => each !== 'fine')) {
      await t.throwsAsync(async () => there[name]!(), { any: true }, `${codec}: ${name}`)
    }
    t.is(await there.fine!(), 'fine')
    await here.close()
    await serving
  }
})

test('stacks go to the ends of pipes, and to clients of a listener only where an option says so', async (t) => {
  const functions = {
    fail() {
      throw new Error('x')
    },
  }
  const stackOf = async (end: Connection): Promise<string> =>
    (await t.throwsAsync(async () => remote(end).fail!())).stack!
  const [here, peer] = pair(t)
  void serve(peer, functions)
  t.regex(await stackOf(here), /calls-hostile/)
  const listener = listen(t)
  const [client, server] = await connected(t, listener)
  void serve(server, functions)
  t.is(await stackOf(client), 'Error: x')
  const [other, served] = await connected(t, listener)
  void serve(served, functions, { stacks: true })
  t.regex(await stackOf(other), /calls-hostile/)
})
