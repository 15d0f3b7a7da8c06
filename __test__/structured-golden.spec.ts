import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import test from 'ava'
import { checkDescriptors } from './descriptors.ts'
import { pair } from './pairs.ts'

checkDescriptors(test)

const twice = { shared: true }
const circle: Record<string, unknown> = { n: 1 }
circle['self'] = circle
const plain = (error: Error): Error => Object.defineProperty(error, 'stack', { value: 'Error: e\n    at x' })

/** A message of each kind. `docs/structured.md` explains the format by some of them. */
const values: Record<string, unknown> = {
  null: null,
  undefined,
  booleans: [true, false],
  'small integers': [0, 63, 64, 'and no numbers only'],
  integers: ['i', 255, -1, -256, 256, -257, 32_767, -32_768, 32_768, -(2 ** 31)],
  doubles: ['d', -0, 0.5, 2 ** 31, Infinity],
  'short text': 'carom',
  'text of one byte a unit': 'é'.repeat(64),
  'text of two bytes a unit': '漢字\ud800',
  bigints: [5n, -(2n ** 63n), 2n ** 64n, -(2n ** 64n)],
  object: { id: 7, name: 'seven' },
  'objects of one shape': [{ id: 1 }, { id: 2 }, { id: 3, last: true }],
  'names of two bytes a unit': { 名: 1 },
  'an object of 65 names': Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`n${n}`, null])),
  // oxlint-disable-next-line no-sparse-arrays -- they are what is tested
  arrays: [[], ['a', , 'b', undefined], Array.from({ length: 16 }, () => null)],
  'a sparse array': Object.assign([], { 5000: 'far' }),
  'numbers of one byte': [1, -2, 3, -4],
  'numbers of two bytes': [1, -2, 300, -400],
  'numbers of four bytes': [1, -2, 300, -70_000],
  'numbers of eight bytes': [1, -2, 0.5, -0],
  'an array with a property beside its elements': Object.assign([1, 'a'], { unit: 'm' }),
  Map: new Map<unknown, unknown>([
    ['a', 1],
    [2, null],
  ]),
  Set: new Set(['a', 1]),
  Date: new Date(1.7e12),
  RegExp: /a+/gi,
  ArrayBuffer: Uint8Array.of(1, 2, 3).buffer,
  Buffer: Buffer.from('carom'),
  views: [new DataView(new ArrayBuffer(1)), Uint8Array.of(1), Float64Array.of(0.5)],
  Error: plain(Object.assign(new RangeError('e', { cause: 'c' }), { code: 'E_CODE', field: 1 })),
  AggregateError: plain(new AggregateError([1, 2], '')),
  boxed: [Object(1), Object('a'), Object(true), Object(1n)],
  URL: new URL('https://example.org/'),
  'an object twice': [twice, twice],
  'a cycle': circle,
}

const golden = JSON.parse(readFileSync(new URL('fixtures/structured.json', import.meta.url), 'utf8')) as Record<
  string,
  string
>

test('every kind of value has a message in the golden file, and the other way round', (t) => {
  t.deepEqual(Object.keys(golden), Object.keys(values))
})

for (const [kind, value] of Object.entries(values)) {
  test(`the message of ${kind} has kept its bytes, and is read as it always was`, (t) => {
    const [a, b] = pair(t)
    a.sendSync(value)
    t.is(b.recvBytesSync().toString('hex'), golden[kind]!)
    a.sendBytesSync(Buffer.from(golden[kind]!, 'hex'))
    const received = b.recvSync()
    if (Object.is(received, value)) t.pass()
    else t.true(isDeepStrictEqual(received, value), 'it is read as something else')
  })
}

test('a DOMException is read as it always was', (t) => {
  const [a, b] = pair(t)
  a.sendBytesSync(Buffer.from('c1e44a41626f72744572726f724573706c6974c4', 'hex'))
  const received = b.recvSync() as DOMException
  t.deepEqual([received.name, received.message], ['AbortError', 'split'])
})
