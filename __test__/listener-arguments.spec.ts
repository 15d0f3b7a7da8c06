import { existsSync } from 'node:fs'
import test from 'ava'
import { connect, connectSync, Listener } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { connected, freshPath, listen, rawListener } from './listeners.ts'
import { turns } from './until.ts'

checkDescriptors(test)

/** A value of a type that no TypeScript program could pass. */
const wrong = (value: unknown): never => value as never

/** `type`: a value of a wrong type; `range`: a value of the right type that makes no sense. */
type Kind = 'type' | 'range'

interface Row {
  /** The call, as the caller writes it. */
  title: string
  kind: Kind
  /** The message names the argument. */
  names: RegExp
  address?: unknown
  options?: object
  /** The calls that have the argument; by default all. */
  only?: ('Listener' | 'connect' | 'connectSync')[]
}

const shown = (value: unknown): string => (typeof value === 'bigint' ? `${value}n` : JSON.stringify(value))

const address = (kind: Kind, names: RegExp, value: unknown, only?: Row['only']): Row => ({
  title: `the address ${shown(value)}`,
  kind,
  names,
  address: value,
  ...(only && { only }),
})

const option = (kind: Kind, name: string, value: unknown, only?: Row['only']): Row => ({
  title: `${name} ${typeof value === 'number' ? value : shown(value)}`,
  kind,
  names: new RegExp(name),
  options: { [name]: value },
  ...(only && { only }),
})

const rows: Row[] = [
  ...[5, null, true, [], ['localhost', 5], {}, 5n].map((value) => address('type', /address/, value)),
  address('type', /address/, undefined, ['connect', 'connectSync']),
  address('type', /address has .* no authkey; options are the second/, { host: '::1', port: 0, authkey: 'secret' }),
  address('type', /options are the second argument/, { authkey: 'secret' }),
  ...[{ host: 'localhost' }, { port: 5 }, { host: 5, port: 5 }, { host: 'localhost', port: '5' }].map((value) =>
    address('type', /address|host|port/, value),
  ),
  ...[-1, 65_536, 1.5, NaN].map((port) => address('range', /port/, { host: 'localhost', port })),
  address('range', /host/, { host: '', port: 0 }),
  address('range', /host/, { host: 'local\0host', port: 0 }),
  address('range', /address.*empty/, ''),
  address('range', /NUL/, '/tmp/a\0b'),
  ...['options', 5, null].map((value): Row => ({
    title: `options ${shown(value)}`,
    kind: 'type',
    names: /options/,
    options: wrong(value),
  })),
  ...['AF_INET6', 'unix', 5].map((value) => option('range', 'family', value)),
  ...[5, {}, [1], null, true, undefined, ''].map((value) => option('type', 'authkey', value)),
  { title: 'an authkey without bytes', kind: 'range', names: /authkey/, options: { authkey: new Uint8Array() } },
  ...['md5', {}, 5].map((value) => option('type', 'digests', value)),
  option('range', 'digests', []),
  ...[['sha1'], ['sha256', 'SHA256'], [5]].map((value) => option('range', 'digests', value)),
  ...['legacy', 5].map((value) => option('range', 'dialect', value)),
  ...['1', null, {}].map((value) => option('type', 'handshakeTimeout', value)),
  option('range', 'handshakeTimeout', NaN),
  ...['5', null].map((value) => option('type', 'backlog', value, ['Listener'])),
  ...[-1, 1.5, NaN, 2 ** 31].map((value) => option('range', 'backlog', value, ['Listener'])),
  ...['600', null].map((value) => option('type', 'mode', value, ['Listener'])),
  ...[-1, 1.5, NaN, 0o10000].map((value) => option('range', 'mode', value, ['Listener'])),
  ...['1', null, {}].map((value) => option('type', 'timeout', value, ['connect', 'connectSync'])),
  option('range', 'timeout', NaN, ['connect', 'connectSync']),
  ...['now', {}, 5].map((value) => option('type', 'signal', value, ['connect'])),
  option('type', 'codec', 5),
  option('type', 'highWaterMark', '5'),
  option('range', 'maxMessageSize', -1),
  option('range', 'spin', -1),
]

const calls: [Required<Row>['only'][number], (address: unknown, options?: object) => unknown][] = [
  ['Listener', (at, options) => new Listener(wrong(at), wrong(options))],
  ['connect', (to, options) => connect(wrong(to), wrong(options))],
  ['connectSync', (to, options) => connectSync(wrong(to), wrong(options))],
]

const expected = ({ kind, names }: Row): { instanceOf: typeof Error; code: string; message: RegExp } => ({
  instanceOf: kind === 'type' ? TypeError : RangeError,
  code: kind === 'type' ? 'ERR_INVALID_ARG_TYPE' : 'ERR_OUT_OF_RANGE',
  message: names,
})

for (const row of rows) {
  for (const [name, call] of calls) {
    if (row.only && !row.only.includes(name)) continue
    test(`${row.title} is an error of ${name}’s own, before anything happens`, async (t) => {
      if ('address' in row) {
        await t.throwsAsync(async () => call(row.address, row.options), expected(row))
      } else if (name === 'Listener') {
        const path = freshPath(t)
        t.throws(() => call(path, row.options), expected(row))
        t.false(existsSync(path))
      } else {
        const { address: there, peers } = await rawListener(t)
        await t.throwsAsync(async () => call(there, row.options), expected(row))
        await turns(3)
        t.is(peers.length, 0)
      }
    })
  }
}

test('connect rejects where connectSync throws', async (t) => {
  let promise: unknown
  t.notThrows(() => (promise = connect(wrong(5))))
  await t.throwsAsync(promise as Promise<unknown>, { instanceOf: TypeError })
  t.throws(() => connectSync(wrong(5)), { instanceOf: TypeError })
})

test('accept rejects wrong options and signals, and takes nothing', async (t) => {
  const listener = listen(t)
  for (const options of ['options', { signal: 'now' }, { signal: {} }, { signal: 5 }]) {
    let promise: unknown
    t.notThrows(() => (promise = listener.accept(wrong(options))))
    await t.throwsAsync(promise as Promise<unknown>, { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' })
  }
  await connected(t, listener)
})

test('the check for closed comes before the one of arguments', async (t) => {
  const listener = listen(t)
  await listener.close()
  await t.throwsAsync(() => listener.accept(wrong({ signal: 5 })), { code: 'ERR_CAROM_CONNECTION_CLOSED' })
})

test('an error of the authkey does not show it', (t) => {
  const error = t.throws(() => new Listener(undefined, { authkey: wrong({ key: 'do-not-print-this' }) }))
  t.false(error?.message.includes('do-not-print-this'))
})
