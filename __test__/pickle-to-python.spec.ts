// Values sent to Python: the second table of docs/pickle.md, in every interpreter.

import test from 'ava'
import { EncodeError, EOFError } from 'carom'
import {
  PythonComplex,
  PythonDate,
  PythonDateTime,
  PythonDecimal,
  PythonError,
  PythonFloat,
  PythonFraction,
  PythonIPAddress,
  PythonObject,
  PythonPath,
  PythonPattern,
  PythonRange,
  PythonSlice,
  PythonTime,
  PythonTimeDelta,
  PythonTuple,
  PythonUUID,
} from 'carom/python'
import { checkDescriptors } from './descriptors.ts'
import { interpreters } from './interpreters.ts'
import { pair } from './pairs.ts'
import { picklePeers } from './pickle-peers.ts'

const peers = picklePeers(test, () => interpreters(OLDEST))
checkDescriptors(test)

/** Interpreters older than those of carom's other tests: later ones read everything that is written for them. */
const OLDEST = 6

class Point {
  x = 1
  readonly y = [2]
  get sum(): number {
    return this.x
  }
}

const uuid = '00112233-4455-6677-8899-aabbccddeeff'

const rows: [string, unknown, string][] = [
  ['undefined', undefined, 'value is None'],
  ['null', null, 'value is None'],
  ['undefined inside', { a: undefined, b: [undefined] }, "same(value, {'a': None, 'b': [None]})"],
  ['holes of arrays', Array.from<unknown>({ length: 2 }), 'same(value, [None, None])'],
  ['booleans', [true, false], 'same(value, [True, False])'],
  [
    'whole numbers',
    [0, 255, 256, 65535, 65536, -1, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, -(2 ** 31) - 1, 2 ** 53 - 1, -(2 ** 53) + 1],
    'same(value, [0, 255, 256, 65535, 65536, -1, 2**31-1, -2**31, 2**31, -2**31-1, 2**53-1, -2**53+1])',
  ],
  ['other numbers', [0.5, -0, 2 ** 53, 1e300, 5e-324], 'same(value, [0.5, -0.0, 2.0**53, 1e300, 5e-324])'],
  ['what is no number', [Infinity, -Infinity, Number.NaN], "same(value, [float(s) for s in ('inf', '-inf', 'nan')])"],
  [
    'bigint',
    [0n, 5n, -1n, 127n, 128n, -128n, -129n, 2n ** 63n, -(2n ** 64n), 2n ** 3000n, -(2n ** 3000n)],
    'same(value, [0, 5, -1, 127, 128, -128, -129, 2**63, -2**64, 2**3000, -2**3000])',
  ],
  ['string', ['', 'a', 'é', '漢', '🎱', 'a\0b'], "same(value, ['', 'a', 'é', '漢', '🎱', 'a\\0b'])"],
  [
    'strings of any length',
    [64, 65, 255, 256, 70_000].flatMap((n) => ['a'.repeat(n), 'é'.repeat(n)]),
    "same(value, [c * n for n in (64, 65, 255, 256, 70000) for c in 'aé'])",
  ],
  ['strings with lone surrogates', ['\ud800', 'é\udfff🎱'], "same(value, ['\\ud800', 'é\\udfff🎱'])"],
  ['Buffer', Buffer.of(0, 255), "same(value, b'\\0\\xff')"],
  ['Uint8Array, a part of its memory', Uint8Array.of(1, 2, 3).subarray(1), "same(value, b'\\2\\3')"],
  ['ArrayBuffer', Uint8Array.of(1, 2).buffer, "same(value, b'\\1\\2')"],
  ['DataView', new DataView(Uint8Array.of(1, 2).buffer, 1), "same(value, b'\\2')"],
  ['many bytes', [Buffer.alloc(255, 1), Buffer.alloc(70_000, 2)], "same(value, [b'\\1' * 255, b'\\2' * 70000])"],
  ['Uint8ClampedArray', Uint8ClampedArray.of(255), "same(value, array.array('B', [255]))"],
  ['Int8Array', Int8Array.of(-1), "same(value, array.array('b', [-1]))"],
  ['Int16Array', Int16Array.of(-2), "same(value, array.array('h', [-2]))"],
  ['Uint16Array', Uint16Array.of(65535), "same(value, array.array('H', [65535]))"],
  ['Int32Array', Int32Array.of(-2), "same(value, array.array('i', [-2]))"],
  ['Uint32Array', Uint32Array.of(2 ** 32 - 1), "same(value, array.array('I', [2**32 - 1]))"],
  ['BigInt64Array', BigInt64Array.of(-(2n ** 63n)), "same(value, array.array('q', [-2**63]))"],
  ['BigUint64Array', BigUint64Array.of(2n ** 64n - 1n), "same(value, array.array('Q', [2**64 - 1]))"],
  ['Float32Array', Float32Array.of(0.5), "same(value, array.array('f', [0.5]))"],
  ['Float64Array', Float64Array.of(0.1, -1).subarray(0, 1), "same(value, array.array('d', [0.1]))"],
  ['arrays', [[], [1, ['a']]], "same(value, [[], [1, ['a']]])"],
  ['an array of many', Array.from({ length: 2500 }, (_, n) => n), 'same(value, list(range(2500)))'],
  ['objects', { b: 1, a: {} }, "same(value, {'b': 1, 'a': {}})"],
  ['an object without a prototype', Object.assign(Object.create(null) as object, { a: 1 }), "same(value, {'a': 1})"],
  ['an object with symbols', { a: 1, [Symbol('s')]: 2 }, "same(value, {'a': 1})"],
  ['an object whose key is __proto__', JSON.parse('{"__proto__": 1}'), "same(value, {'__proto__': 1})"],
  ['an instance of a class, as its own properties', new Point(), "same(value, {'x': 1, 'y': [2]})"],
  [
    'Map',
    new Map<unknown, unknown>([
      ['a', 1],
      [2, new Map()],
      [null, [3]],
    ]),
    "same(value, {'a': 1, 2: {}, None: [3]})",
  ],
  [
    'Map with arrays as keys',
    new Map<unknown, unknown>([
      [[], 0],
      [[1], 1],
      [[1, [2, new Set([3])]], 2],
    ]),
    'same(value, {(): 0, (1,): 1, (1, (2, frozenset([3]))): 2})',
  ],
  ['Set', new Set<unknown>([1, 'a', [2], Buffer.of(3)]), "same(value, {1, 'a', (2,), b'\\3'})"],
  ['a Set in a Set', new Set([new Set([1]), new Set()]), 'same(value, {frozenset([1]), frozenset()})'],
  ['an empty Set', new Set(), 'same(value, set())'],
  [
    'Date',
    [new Date('2024-02-29T12:34:56.789Z'), new Date('0001-01-01T00:00:00Z'), new Date('9999-12-31T23:59:59.999Z')],
    'same(value, [datetime.datetime(2024, 2, 29, 12, 34, 56, 789000, utc), datetime.datetime(1, 1, 1, tzinfo=utc), ' +
      'datetime.datetime(9999, 12, 31, 23, 59, 59, 999000, utc)]) and value[0].tzinfo is utc',
  ],
  ['PythonDate', new PythonDate('2024-02-29'), 'same(value, datetime.date(2024, 2, 29))'],
  [
    'PythonDecimal',
    ['1.50', '-1E+400', 'Infinity'].map((text) => new PythonDecimal(text)),
    "same(value, [decimal.Decimal(s) for s in ('1.50', '-1E+400', 'Infinity')])",
  ],
  ['PythonUUID', new PythonUUID(uuid.toUpperCase()), `same(value, uuid.UUID('${uuid}'))`],
  ['PythonPath', new PythonPath('/a/b'), "same(value, pathlib.Path('/a/b'))"],
  ['a Windows path', new PythonPath('c:\\a', 'PureWindowsPath'), "same(value, pathlib.PureWindowsPath('c:/a'))"],
  [
    'PythonFloat',
    [1, -0, 2 ** 53, Infinity].map((value) => new PythonFloat(value)),
    "same(value, [1.0, -0.0, 2.0**53, float('inf')])",
  ],
  [
    'PythonTuple',
    [
      PythonTuple.of(),
      PythonTuple.of(1),
      PythonTuple.of<unknown>(1, 'a', [2]),
      PythonTuple.from<unknown>([1, 2, 3, PythonTuple.of(4, 5)]),
    ],
    "same(value, [(), (1,), (1, 'a', [2]), (1, 2, 3, (4, 5))])",
  ],
  [
    'what slice and map make of a PythonTuple',
    [PythonTuple.of(1, 2).slice(1), PythonTuple.of(1, 2).map((n) => n * 2)],
    'same(value, [[2], [2, 4]])',
  ],
  ['a PythonTuple with holes', Object.assign(PythonTuple.of(), { length: 2 }), 'same(value, (None, None))'],
  [
    'PythonTuple as a key, with what is a tuple there in it',
    new Map([[PythonTuple.of<unknown>(1, [2], new Set([3])), 1]]),
    'same(value, {(1, (2,), frozenset([3])): 1})',
  ],
  [
    'PythonDateTime',
    [new PythonDateTime('2026-01-02T03:04:05.000006'), new PythonDateTime('0001-01-01T00:00')],
    'same(value, [datetime.datetime(2026, 1, 2, 3, 4, 5, 6), datetime.datetime(1, 1, 1)])',
  ],
  [
    'PythonDateTime, the second of two equal times',
    [new PythonDateTime('2026-10-25T02:30', 1), new PythonDateTime('2026-10-25T02:30')],
    '[each.fold for each in value] == [1, 0] and value[0].tzinfo is None and value[0].month == 10',
  ],
  [
    'PythonTimeDelta',
    [new PythonTimeDelta(-1, 5, 7), new PythonTimeDelta(), new PythonTimeDelta(999_999_999, 86_399, 999_999)],
    'same(value, [datetime.timedelta(-1, 5, 7), datetime.timedelta(), datetime.timedelta.max])',
  ],
  [
    'PythonTime',
    ['00:00', '23:59:59.999999', '03:04+02:30', '03:04:05-00:01', '12:00Z'].map((text) => new PythonTime(text)),
    'same(value, [datetime.time(), datetime.time.max, ' +
      'datetime.time(3, 4, tzinfo=datetime.timezone(datetime.timedelta(minutes=150))), ' +
      'datetime.time(3, 4, 5, tzinfo=datetime.timezone(datetime.timedelta(minutes=-1))), ' +
      'datetime.time(12, tzinfo=utc)]) and value[2].utcoffset() == datetime.timedelta(minutes=150)',
  ],
  [
    'PythonTime, the second of two equal times',
    new PythonTime('02:30:00.5', 1),
    'value.fold == 1 and value == datetime.time(2, 30, 0, 500000)',
  ],
  [
    'PythonComplex',
    [new PythonComplex(1, -0), new PythonComplex(-0, Infinity), new PythonComplex(Number.NaN)],
    "type(value[0]) is complex and repr(value) == repr([complex(1, -0.0), complex(-0.0, float('inf')), complex('nan')])",
  ],
  [
    'PythonFraction',
    [new PythonFraction(-6, 4), new PythonFraction(10n ** 40n, 3n)],
    'same(value, [fractions.Fraction(-3, 2), fractions.Fraction(10**40, 3)])',
  ],
  [
    'PythonRange',
    [new PythonRange(0, 3), new PythonRange(5, 0, -2), new PythonRange(0n, 10n ** 30n)],
    'same(value, [range(3), range(5, 0, -2), range(10**30)])',
  ],
  [
    'PythonSlice',
    [new PythonSlice(1, null, -2), new PythonSlice(), new PythonSlice('a', [1])],
    "same(value, [slice(1, None, -2), slice(None, None), slice('a', [1])])",
  ],
  [
    'PythonIPAddress',
    ['10.0.0.1', '10.0.0.0/8', '::1', 'fe80::/10'].map((text) => new PythonIPAddress(text)),
    "same(value, [ipaddress.ip_address('10.0.0.1'), ipaddress.ip_network('10.0.0.0/8'), " +
      "ipaddress.ip_address('::1'), ipaddress.ip_network('fe80::/10')])",
  ],
  [
    'PythonIPAddress, an interface',
    new PythonIPAddress('10.0.0.1/8', 'IPv4Interface'),
    "same(value, ipaddress.ip_interface('10.0.0.1/8'))",
  ],
  [
    'PythonPattern',
    [new PythonPattern('a+', 34), new PythonPattern('é'), new PythonPattern(Buffer.from('b'), 2)],
    "same(value, [re.compile('a+', re.I), re.compile('é'), re.compile(b'b', re.I)])",
  ],
  [
    'PythonObject, a call',
    [
      new PythonObject('fractions', 'Fraction', ['1/2']),
      new PythonObject('datetime', 'datetime.fromtimestamp', [0, new PythonObject('datetime', 'timezone.utc')]),
      new PythonObject('builtins', 'dict', [], undefined, undefined, undefined, { kwargs: { a: 1 } }),
    ],
    "same(value, [fractions.Fraction(1, 2), datetime.datetime(1970, 1, 1, tzinfo=utc), {'a': 1}])",
  ],
  [
    'PythonObject, a function or class itself',
    [new PythonObject('os', 'getcwd'), new PythonObject('collections', 'OrderedDict')],
    'value == [os.getcwd, collections.OrderedDict]',
  ],
  [
    'PythonObject with items, entries and a state',
    [
      new PythonObject('collections', 'deque', [], undefined, [1, [2]]),
      new PythonObject('collections', 'OrderedDict', [], undefined, undefined, [
        ['b', 1],
        [PythonTuple.of(1), 2],
      ]),
      new PythonObject('types', 'SimpleNamespace', [], { a: 1 }),
    ],
    "same(value[:2], [collections.deque([1, [2]]), collections.OrderedDict([('b', 1), ((1,), 2)])]) and value[2].a == 1",
  ],
  [
    'PythonObject, a call of what another call returns',
    new PythonObject('operator', 'methodcaller', [[3, 1, 2]], undefined, undefined, undefined, {
      callable: new PythonObject('operator', 'methodcaller', ['index', 1]),
    }),
    'value == 1',
  ],
  [
    'PythonObject, made without a call',
    [
      new PythonObject('__main__', 'Unknown', [], { x: 1 }, undefined, undefined, { creation: 'new' }),
      new PythonObject('builtins', 'tuple', [[1, 2]], undefined, undefined, undefined, { creation: 'new' }),
      new PythonObject('__main__', 'Keyword', [1], undefined, undefined, undefined, {
        kwargs: { b: 2 },
        creation: 'new',
      }),
    ],
    'type(value[0]) is Unknown and value[0].x == 1 and value[1] == (1, 2) and value[2].made == (1, 2)',
  ],
  ['Error', new Error('no'), "type(value) is Exception and value.args == ('no',)"],
  ['an error that Python has too', new TypeError('no'), "type(value) is TypeError and value.args == ('no',)"],
  ['an error that it has not', new RangeError('no'), "type(value) is Exception and value.args == ('RangeError: no',)"],
  ['an error of carom', new EOFError('no'), "type(value) is EOFError and value.args == ('no',)"],
  [
    'PythonError',
    new PythonError('FileNotFoundError', [2, 'no', 'f'], ''),
    "type(value) is FileNotFoundError and value.errno == 2 and value.filename == 'f'",
  ],
  [
    'an error that a message is not enough for',
    Object.assign(new Error('no'), { name: 'UnicodeDecodeError' }),
    "type(value) is Exception and value.args == ('UnicodeDecodeError: no',)",
  ],
  ['boxed primitives', [Object(1), Object('a'), Object(true)], "same(value, [1, 'a', True])"],
]

for (const [name, value, expression] of rows) {
  test(`to Python: ${name}`, async (t) => {
    for (const peer of peers()) t.is(await peer.check(value, expression), true, peer.name)
  })
}

test('to Python: shared references are shared', async (t) => {
  const shared = [1]
  const bytes = Buffer.from('shared')
  const value = [shared, shared, { shared }, new Map([[1, shared]]), bytes, bytes]
  const expression = "value[0] is value[1] is value[2]['shared'] is value[3][1] and value[4] is value[5]"
  for (const peer of peers()) t.is(await peer.check(value, expression), true, peer.name)
})

test('to Python: many shared references are shared', async (t) => {
  const all = Array.from({ length: 1000 }, (_, n) => ({ n }))
  for (const peer of peers()) {
    t.is(await peer.check([all, all.toReversed()], 'all(map(operator.is_, value[0], reversed(value[1])))'), true)
  }
})

test('to Python: an array that is also a key is a list there and a tuple here', async (t) => {
  const key = [1]
  for (const peer of peers()) {
    t.is(
      await peer.check([key, new Map([[key, key]]), new Set([key])], 'same(value, [[1], {(1,): [1]}, {(1,)}])'),
      true,
    )
  }
})

test('to Python: cycles are cycles', async (t) => {
  const list: unknown[] = []
  list.push(list)
  const dict: Record<string, unknown> = {}
  dict['list'] = [dict]
  const map = new Map<unknown, unknown>()
  map.set(1, map)
  const expression = "value[0][0] is value[0] and value[1]['list'][0] is value[1] and value[2][1] is value[2]"
  for (const peer of peers()) t.is(await peer.check([list, dict, map], expression), true, peer.name)
})

test('to Python: attributes set on an exception come back with it', async (t) => {
  for (const peer of peers()) {
    const error = (await peer.dumps("e = ValueError('no')\ne.hint = 1\ne", 4)) as PythonError
    t.is(await peer.check(error, "type(value) is ValueError and value.args == ('no',) and value.hint == 1"), true)
  }
})

test('to Python: nesting a thousand deep', async (t) => {
  let value: unknown = 0
  for (let n = 0; n < 997; n++) value = n % 2 ? [value] : { in: value }
  const depth = 'd = 0\nwhile value != 0:\n    value = value[0] if isinstance(value, list) else value["in"]\n    d += 1'
  for (const peer of peers()) {
    t.is(
      await peer.check(value, `(lambda n: exec(${JSON.stringify(depth)}, n) or n["d"])({"value": value}) == 997`),
      true,
    )
  }
})

const echoed: [string, unknown][] = [
  ['a date', new PythonDate('2024-02-29')],
  ['a decimal', new PythonDecimal('1.50')],
  ['a UUID', new PythonUUID(uuid)],
  ['a path', new PythonPath('/a/b', process.platform === 'win32' ? 'WindowsPath' : 'PosixPath')],
  ['a moment', new Date('2024-02-29T12:34:56.789Z')],
  ['typed arrays', [Float64Array.of(0.1), Int32Array.of(-1), BigInt64Array.of(-1n), Float32Array.of(0.5)]],
]

for (const [name, value] of echoed) {
  test(`there and back: ${name}`, async (t) => {
    for (const peer of peers()) {
      for (const protocol of peer.protocols) t.deepEqual(await peer.echo(value, protocol), value, peer.name)
    }
  })
}

const cyclicKey: unknown[] = []
cyclicKey.push(cyclicKey)
const deep = Array.from({ length: 5000 }).reduce((inner) => [inner], 0)
const cyclicError = new PythonError('ValueError', [], '')
cyclicError.args.push(cyclicError)

const refused: [string, unknown, RegExp][] = [
  ['a symbol', Symbol('no'), /: a symbol can't be sent/],
  ['a function', { f: () => 1 }, /: f: a function can't be sent/],
  ['a RegExp', [/a/], /\[0\]: a RegExp can't be sent: .*PythonPattern/],
  ['a Promise', Promise.resolve(), /a Promise can't be sent: await it/],
  ['a WeakMap', new WeakMap(), /a WeakMap can't be sent/],
  ['an object as a key', new Map([[{}, 1]]), /an object can't be the key of a dict/],
  ['a Map in a Set', new Set([new Map()]), /a Map can't be the key/],
  ['a Float64Array as a key', new Map([[Float64Array.of(1), 1]]), /a Float64Array can't be the key/],
  ['an object inside a key', new Map([[[{}], 1]]), /an object can't be the key/],
  ['a key that contains itself', new Set([cyclicKey]), /contains itself/],
  ['an exception that contains itself', cyclicError, /nests deeper than 1000 levels/],
  ['deep nesting', deep, /nests deeper than 1000 levels/],
  ['an invalid Date', new Date(Number.NaN), /invalid Date/],
  ['a Date before year 1', new Date(-1e14), /from year 1 to 9999/],
]

for (const [name, value, message] of refused) {
  test(`to Python: ${name} is an EncodeError, and nothing is sent`, async (t) => {
    const [a, b] = pair(t, { codec: 'pickle' })
    await t.throwsAsync(() => a.send(value), { instanceOf: EncodeError, code: 'ERR_CAROM_ENCODE', message })
    t.is(a.stats.messagesSent, 0)
    await a.send([1])
    t.deepEqual(await b.recv(), [1])
  })
}

for (const make of [
  () => new PythonDate('2023-02-29'),
  () => new PythonDate('0000-01-01'),
  () => new PythonUUID('123'),
  () => new PythonDecimal('1,5'),
  () => new PythonPath(1 as never),
]) {
  test(`${String(make).slice(6)} is a TypeError`, (t) => {
    t.throws(make, { instanceOf: TypeError })
  })
}

test('a value of Python is printed as its text', (t) => {
  t.is(`${new PythonDecimal('1.50')}`, '1.50')
  t.is(JSON.stringify([new PythonDate('2024-02-29')]), '["2024-02-29"]')
})

test('a getter that sends a pickle itself leaves the one around it unharmed', async (t) => {
  const [a, b] = pair(t, { codec: 'pickle' })
  await a.send({
    before: 'x'.repeat(100),
    get inner() {
      void a.send({ nested: [1, 2, 3] })
      return 'y'
    },
    after: [4],
  })
  t.deepEqual(await b.recv(), { nested: [1, 2, 3] })
  t.deepEqual(await b.recv(), { before: 'x'.repeat(100), inner: 'y', after: [4] })
})

test('messages of every size keep what they were when more are encoded before they leave', async (t) => {
  const [a, b] = pair(t, { codec: 'pickle', highWaterMark: Infinity })
  const sizes = [10, 16_000, 16_380, 16_384, 17_000, 40_000, 100_000, 20, 300_000, 5]
  const sending = Promise.all(sizes.map((size, n) => a.send([Buffer.alloc(size, n), 'é'.repeat(size)])))
  for (const [n, size] of sizes.entries()) t.deepEqual(await b.recv(), [Buffer.alloc(size, n), 'é'.repeat(size)])
  await sending
})
