// Values from Python: the first table of docs/pickle.md, from every interpreter, in every protocol.

import test from 'ava'
import { PythonDate, PythonDecimal, type PythonError, PythonPath, PythonUUID } from 'carom/python'
import { checkDescriptors } from './descriptors.ts'
import { interpreters } from './interpreters.ts'
import { picklePeers } from './pickle-peers.ts'

// Naive datetimes are local: in a zone that turns its clocks.
process.env['TZ'] = 'Europe/Berlin'

// Protocol 5 came with Python 3.8.
const peers = picklePeers(test, () => interpreters(6))
checkDescriptors(test)

const repeated = (length: number, unit: string): string => `'${unit}' * ${length}`

const rows: [string, string, unknown][] = [
  ['None', 'None', null],
  ['bools', '[True, False]', [true, false]],
  ['small ints', '[0, 1, -1, 255, 256, 65535, 65536, -70000]', [0, 1, -1, 255, 256, 65535, 65536, -70000]],
  ['ints around 32 bits', '[2**31 - 1, 2**31, -2**31, -2**31 - 1]', [2147483647, 2147483648, -2147483648, -2147483649]],
  [
    'ints that a number holds',
    '[2**53 - 1, -2**53 + 1, 2**40, -2**47]',
    [2 ** 53 - 1, -(2 ** 53) + 1, 2 ** 40, -(2 ** 47)],
  ],
  ['ints that no number holds', '[2**53, -2**53, 2**63, -2**64]', [2n ** 53n, -(2n ** 53n), 2n ** 63n, -(2n ** 64n)]],
  ['ints of any size', '[2**4000 + 7, -2**4000 - 7]', [2n ** 4000n + 7n, -(2n ** 4000n) - 7n]],
  ['ints at the edges of bytes', '[s * (2**n - d) for n in range(1, 90) for s in (1, -1) for d in (0, 1)]', edges()],
  ['floats', '[1.5, -0.1, 5e-324, 1.7976931348623157e308]', [1.5, -0.1, 5e-324, 1.7976931348623157e308]],
  ['floats that are whole', '[1.0, 1e300]', [1, 1e300]],
  ['minus zero', '-0.0', -0],
  ['infinities and NaN', "[float('inf'), float('-inf'), float('nan')]", [Infinity, -Infinity, Number.NaN]],
  ['str', "['', 'a', 'é', '漢', '🎱', 'a\\\\b\\n\\r\\0\\x1a']", ['', 'a', 'é', '漢', '🎱', 'a\\b\n\r\0\x1a']],
  [
    'long str',
    `[${repeated(255, 'a')}, ${repeated(256, 'a')}, ${repeated(70_000, 'é')}]`,
    ['a'.repeat(255), 'a'.repeat(256), 'é'.repeat(70_000)],
  ],
  ['str with lone surrogates', "['\\ud800', 'a\\udfffé\\ufffd']", ['\ud800', 'a\udfffé\ufffd']],
  ['bytes', "[b'', b'\\x00\\xff', bytes(range(256)) * 2]", [Buffer.alloc(0), Buffer.of(0, 255), everyByte(2)]],
  ['bytearray', "[bytearray(), bytearray(b'\\x00\\xff')]", [Buffer.alloc(0), Buffer.of(0, 255)]],
  ['list', "[[], [1, ['a']]]", [[], [1, ['a']]]],
  ['a list of more than one batch', 'list(range(2500))', Array.from({ length: 2500 }, (_, n) => n)],
  ['tuple', '[(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, (4,))]', [[], [1], [1, 2], [1, 2, 3], [1, 2, 3, [4]]]],
  ['dict with str keys', "{'b': 1, 'a': {'': None}}", { b: 1, a: { '': null } }],
  ['an empty dict', '{}', {}],
  [
    'dict with other keys',
    "{1: 'a', None: 'b', (1, 2): 'c'}",
    new Map<unknown, unknown>([
      [1, 'a'],
      [null, 'b'],
      [[1, 2], 'c'],
    ]),
  ],
  [
    'dict with keys of which one is no str',
    "{'a': 1, 2: {'b': {}}}",
    new Map<unknown, unknown>([
      ['a', 1],
      [2, { b: {} }],
    ]),
  ],
  ['a dict whose last key is no str', '{**{str(n): n for n in range(2500)}, 0: 0}', lastKeyNumber()],
  ['set', '{1, 2}', new Set([1, 2])],
  ['frozenset', 'frozenset([(1, 2)])', new Set([[1, 2]])],
  ['an empty set and frozenset', '[set(), frozenset()]', [new Set(), new Set()]],
  ['aware datetime', 'datetime.datetime(2024, 2, 29, 12, 34, 56, 789999, utc)', new Date('2024-02-29T12:34:56.789Z')],
  [
    'datetime with an offset',
    "datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=-5, minutes=-30), 'X'))",
    new Date('2024-01-01T05:30:00Z'),
  ],
  ['naive datetime, which is local', 'datetime.datetime(2024, 7, 1, 12)', new Date('2024-07-01T10:00:00Z')],
  [
    'datetimes at both ends',
    '[datetime.datetime(1, 1, 1, tzinfo=utc), datetime.datetime(9999, 12, 31, tzinfo=utc)]',
    [new Date('0001-01-01T00:00:00Z'), new Date('9999-12-31T00:00:00Z')],
  ],
  [
    'date',
    '[datetime.date(2024, 2, 29), datetime.date.min]',
    [new PythonDate('2024-02-29'), new PythonDate('0001-01-01')],
  ],
  [
    'Decimal',
    "[decimal.Decimal(s) for s in ('1.50', '-1E+400', 'NaN', '-Infinity')]",
    ['1.50', '-1E+400', 'NaN', '-Infinity'].map((s) => new PythonDecimal(s)),
  ],
  ['UUID', "uuid.UUID('00112233-4455-6677-8899-aabbccddeeff')", new PythonUUID('00112233-4455-6677-8899-aabbccddeeff')],
  [
    'a UUID that comes twice',
    '[uuid.UUID(int=5)] * 2',
    [0, 0].map(() => new PythonUUID('00000000-0000-0000-0000-000000000005')),
  ],
  [
    'OrderedDict',
    "collections.OrderedDict([('b', 1), ('a', 2)])",
    new Map([
      ['b', 1],
      ['a', 2],
    ]),
  ],
  [
    'array.array',
    "[array.array('b', [-1, 2]), array.array('H', [65535]), array.array('I', [2**32 - 1])]",
    [Int8Array.of(-1, 2), Uint16Array.of(65535), Uint32Array.of(2 ** 32 - 1)],
  ],
  [
    'array.array of 64 bits',
    "[array.array('q', [-2**63]), array.array('Q', [2**64 - 1])]",
    [BigInt64Array.of(-(2n ** 63n)), BigUint64Array.of(2n ** 64n - 1n)],
  ],
  [
    'array.array of floats',
    "[array.array('f', [0.5]), array.array('d', [0.1, -0.0])]",
    [Float32Array.of(0.5), Float64Array.of(0.1, -0)],
  ],
  [
    'keys that JavaScript has a use for',
    "{'__proto__': {'polluted': 1}, 'constructor': 2, 'toString': 3}",
    JSON.parse('{"__proto__": {"polluted": 1}, "constructor": 2, "toString": 3}'),
  ],
]

function edges(): (number | bigint)[] {
  const values: (number | bigint)[] = []
  for (let n = 1n; n < 90n; n++) {
    for (const s of [1n, -1n]) {
      for (const d of [0n, 1n]) {
        const value = s * (2n ** n - d)
        values.push(Number.isSafeInteger(Number(value)) ? Number(value) : value)
      }
    }
  }
  return values
}

function everyByte(times: number): Buffer {
  return Buffer.from(Array.from({ length: 256 * times }, (_, n) => n % 256))
}

function lastKeyNumber(): Map<unknown, unknown> {
  return new Map<unknown, unknown>([...Array.from({ length: 2500 }, (_, n) => [String(n), n] as const), [0, 0]])
}

for (const [name, expression, expected] of rows) {
  test(`from Python: ${name}`, async (t) => {
    for (const peer of peers()) {
      for (const protocol of peer.protocols) {
        t.deepEqual(await peer.dumps(expression, protocol), expected, `${peer.name}, protocol ${protocol}`)
      }
    }
  })
}

test('from Python: a time that comes twice, in the protocols that tell the two apart', async (t) => {
  for (const peer of peers()) {
    for (const protocol of peer.protocols.filter((version) => version >= 4)) {
      t.deepEqual(
        await peer.dumps('[datetime.datetime(2024, 10, 27, 2, 30, fold=f) for f in (0, 1)]', protocol),
        [new Date('2024-10-27T00:30:00Z'), new Date('2024-10-27T01:30:00Z')],
        peer.name,
      )
    }
  }
})

const paths: [string, string[]][] = [
  ['PurePosixPath', ['', '.', '/', '//', '///', '/a/b', 'a//b/./c/', '../a', '//a', '///a', 'c:/a']],
  ['PureWindowsPath', ['', '.', '/', 'c:', 'c:/', 'c:/a/b', 'c:a', 'a/b//./c', '//s/t', '//s/t/u', 'c:\\a', '/a']],
]

for (const [kind, texts] of paths) {
  for (const made of ['(p)', "('x', p)", "('c:/x', p, 'y')"]) {
    test(`from Python: ${kind}${made}, as Python prints it`, async (t) => {
      for (const peer of peers()) {
        for (const protocol of peer.protocols) {
          const list = `[pathlib.${kind}${made} for p in ${JSON.stringify(texts)}]`
          const printed = (await peer.dumps(`[str(p) for p in ${list}]`, protocol)) as string[]
          const expected = printed.map((text) => new PythonPath(text, kind as PythonPath['kind']))
          t.deepEqual(await peer.dumps(list, protocol), expected, `${peer.name}, protocol ${protocol}`)
        }
      }
    })
  }
}

test('from Python: a path of its own platform', async (t) => {
  const kind = process.platform === 'win32' ? 'WindowsPath' : 'PosixPath'
  for (const peer of peers()) {
    for (const protocol of peer.protocols) {
      t.deepEqual(await peer.dumps("pathlib.Path('a')", protocol), new PythonPath('a', kind))
    }
  }
})

test('from Python: shared references are shared', async (t) => {
  for (const peer of peers()) {
    for (const protocol of peer.protocols) {
      const [a, b, { c }] = (await peer.dumps("x = [1]\n[x, x, {'c': x}]", protocol)) as [
        number[],
        number[],
        { c: number[] },
      ]
      t.is(a, b)
      t.is(a, c)
    }
  }
})

test('from Python: cycles are cycles', async (t) => {
  for (const peer of peers()) {
    for (const protocol of peer.protocols) {
      const list = (await peer.dumps('x = []\nx.append(x)\nx', protocol)) as unknown[]
      t.is(list[0], list)
      const dict = (await peer.dumps("x = {}\nx['x'] = x\nx", protocol)) as Record<string, unknown>
      t.is(dict['x'], dict)
      const tuple = (await peer.dumps('x = []\ny = (x, 1)\nx.append(y)\ny', protocol)) as [unknown[], number]
      t.is(tuple[0][0], tuple)
    }
  }
})

test('from Python: a cycle through a dict that turns out to be a Map is one', async (t) => {
  for (const peer of peers()) {
    for (const protocol of peer.protocols) {
      const map = (await peer.dumps("x = {}\nx['x'] = [x, {'y': x}, ValueError(x)]\nx[1] = x\nx", protocol)) as Map<
        unknown,
        unknown
      >
      const [list, dict, error] = map.get('x') as [unknown, { y: unknown }, PythonError]
      t.is(map.get(1), map)
      t.is(list, map)
      t.is(dict.y, map)
      t.is(error.args[0], map)
    }
  }
})

const refused: [string, string][] = [
  ['Unknown()', '__main__.Unknown'],
  ['os.getcwd', '(posix|nt).getcwd'],
  ['ValueError', 'builtins.ValueError'],
  ['[int]', 'builtins.int'],
  ['Color.RED', '__main__.Color'],
  ['Point(1, 2)', '__main__.Point'],
  ['function', '__main__.function'],
  ['Bag([1])', '__main__.Bag'],
  ['[Record(a=1)]', '__main__.Record'],
  ['{"a": {Record()}}', '__main__.Record'],
  ['collections.defaultdict(list, {1: int})', 'builtins.int'],
  ['functools.partial(print)', 'functools.partial'],
  ['operator.attrgetter("a")', 'operator.attrgetter'],
  ['{"a": [utc]}', 'datetime.timezone'],
  ['(1, (utc,))', 'datetime.timezone'],
  ['{utc}', 'datetime.timezone|builtins.set'],
  ["array.array('u', 'a')", 'array.array|array._array_reconstructor'],
]

for (const [expression, names] of refused) {
  test(`from Python: ${expression} is a DecodeError that names it`, async (t) => {
    for (const peer of peers()) {
      for (const protocol of peer.protocols) {
        await t.throwsAsync(() => peer.dumps(expression, protocol), {
          code: 'ERR_CAROM_DECODE',
          message: new RegExp(names),
        })
      }
    }
  })
}
