// Values of the Python types that JavaScript has no equal of, from every interpreter, in every protocol.

import test from 'ava'
import {
  pickle,
  type PickleOptions,
  PythonComplex,
  PythonDateTime,
  PythonFraction,
  PythonIPAddress,
  PythonPattern,
  PythonRange,
  PythonSlice,
  PythonTime,
  PythonTimeDelta,
  PythonTuple,
} from 'carom/python'
import { checkDescriptors } from './descriptors.ts'
import { interpreters } from './interpreters.ts'
import { type PicklePeer, picklePeers } from './pickle-peers.ts'

const peers = picklePeers(test, () => interpreters(6))
checkDescriptors(test)

const rows: [string, string, unknown][] = [
  [
    'timedelta',
    '[datetime.timedelta(1, 2, 3), datetime.timedelta(microseconds=-1), datetime.timedelta.max]',
    [
      new PythonTimeDelta(1, 2, 3),
      new PythonTimeDelta(-1, 86_399, 999_999),
      new PythonTimeDelta(999_999_999, 86_399, 999_999),
    ],
  ],
  [
    'time',
    '[datetime.time(1, 2, 3, 4), datetime.time(23, 59), datetime.time.max]',
    [new PythonTime('01:02:03.000004'), new PythonTime('23:59'), new PythonTime('23:59:59.999999')],
  ],
  [
    'time with an offset',
    '[datetime.time(1, tzinfo=utc), datetime.time(1, tzinfo=datetime.timezone(datetime.timedelta(hours=-5, minutes=-1)))]',
    [new PythonTime('01:00:00+00:00'), new PythonTime('01:00:00-05:01')],
  ],
  [
    'complex',
    "[complex(1, -2.5), complex(0.0, float('inf'))]",
    [new PythonComplex(1, -2.5), new PythonComplex(0, Infinity)],
  ],
  [
    'Fraction',
    '[fractions.Fraction(1, -2), fractions.Fraction(3), fractions.Fraction(10**40, 3)]',
    [new PythonFraction(-1, 2), new PythonFraction(3), new PythonFraction(10n ** 40n, 3n)],
  ],
  [
    'range',
    '[range(3), range(10, 0, -2), range(2**60, 2**60 + 1)]',
    [new PythonRange(0, 3), new PythonRange(10, 0, -2), new PythonRange(2n ** 60n, 2n ** 60n + 1n)],
  ],
  [
    'slice',
    '[slice(3), slice(1, None, 2), slice("a", [1], (2,))]',
    [new PythonSlice(null, 3), new PythonSlice(1, null, 2), new PythonSlice('a', [1], [2])],
  ],
  [
    'addresses',
    "[ipaddress.ip_address(a) for a in ('10.0.0.1', '0.0.0.0', '::', '::1', '2001:db8::1:0:0:1', 'ffff::')]",
    ['10.0.0.1', '0.0.0.0', '::', '::1', '2001:db8::1:0:0:1', 'ffff::'].map((text) => new PythonIPAddress(text)),
  ],
  [
    'networks and interfaces',
    "[ipaddress.ip_network('10.0.0.0/8'), ipaddress.ip_network('2001:db8::/32'), ipaddress.ip_interface('10.0.0.1/8'), ipaddress.ip_interface('::1/64')]",
    [
      new PythonIPAddress('10.0.0.0/8'),
      new PythonIPAddress('2001:db8::/32'),
      new PythonIPAddress('10.0.0.1/8', 'IPv4Interface'),
      new PythonIPAddress('::1/64', 'IPv6Interface'),
    ],
  ],
  [
    're.Pattern',
    "[re.compile('a+', re.I | re.M), re.compile(b'\\\\x00')]",
    [new PythonPattern('a+', 32 + 2 + 8), new PythonPattern(Buffer.from('\\x00'))],
  ],
  [
    'deque',
    '[collections.deque([1, (2,)]), collections.deque([1, 2, 3], 2), collections.deque()]',
    [[1, [2]], [2, 3], []],
  ],
  [
    'Counter',
    "[collections.Counter('aab'), collections.Counter([1, (2,)])]",
    [
      new Map([
        ['a', 2],
        ['b', 1],
      ]),
      new Map<unknown, unknown>([
        [1, 1],
        [[2], 1],
      ]),
    ],
  ],
  [
    'defaultdict',
    "[collections.defaultdict(list, {'a': [1]}), collections.defaultdict(None, {1: 2}), collections.defaultdict(Unknown)]",
    [new Map([['a', [1]]]), new Map([[1, 2]]), new Map()],
  ],
  ['OrderedDict with attributes', "d = collections.OrderedDict([('b', 1)])\nd.note = 1\nd", new Map([['b', 1]])],
  [
    'views of a dict, and an array.array, once multiprocessing.managers is imported',
    "import multiprocessing.managers, multiprocessing.reduction\nd = {'a': 1, 'b': (2,)}\nv = [d.keys(), d.values(), d.items(), array.array('h', [-1, 2]), array.array('d', [0.5]), array.array('B')]\nv",
    [
      ['a', 'b'],
      [1, [2]],
      [
        ['a', 1],
        ['b', [2]],
      ],
      Int16Array.of(-1, 2),
      Float64Array.of(0.5),
      new Uint8Array(0),
    ],
  ],
]

for (const [name, statements, expected] of rows) {
  test(`from Python: ${name}`, async (t) => {
    for (const peer of peers()) {
      for (const protocol of peer.protocols) {
        // A plain pickler has no reducers of `multiprocessing`.
        const bytes = statements.includes('managers')
          ? await forked(peer, statements, protocol)
          : await peer.pickled(statements, protocol)
        t.deepEqual(pickle().decode(bytes), expected, `${peer.name}, protocol ${protocol}`)
      }
    }
  })
}

async function forked(peer: PicklePeer, statements: string, protocol: number): Promise<Buffer> {
  const lines = statements.split('\n')
  const value = lines.pop()
  const dumped = `bytes(multiprocessing.reduction.ForkingPickler.dumps(${value}, ${protocol}))`
  return (await peer.dumps([...lines, dumped].join('\n'), 4)) as Buffer
}

// Python 3.9 and 3.10 lose it.
test('from Python: a scope of an IPv6 address', async (t) => {
  for (const peer of peers().filter(({ version }) => version >= 11)) {
    for (const protocol of peer.protocols) {
      t.deepEqual(
        await peer.dumps("ipaddress.ip_address('fe80::1%eth0')", protocol),
        new PythonIPAddress('fe80::1%eth0'),
        peer.name,
      )
    }
  }
})

async function read(peer: PicklePeer, statements: string, protocol: number, options: PickleOptions): Promise<unknown> {
  return pickle(options).decode(await peer.pickled(statements, protocol))
}

test('from Python: with tuples: true, a tuple is a PythonTuple, wherever it is', async (t) => {
  for (const peer of peers()) {
    for (const protocol of peer.protocols) {
      const value = (await read(peer, "[(), (1,), (1, 2, 3, 4), {'a': (1, [2])}, {(1, 2)}]", protocol, {
        tuples: true,
      })) as [...unknown[][], { a: unknown[] }, Set<unknown>]
      const [none, one, four, { a }, set] = value as unknown as [
        unknown[],
        unknown[],
        unknown[],
        { a: unknown[] },
        Set<unknown[]>,
      ]
      for (const tuple of [none, one, four, a, ...set])
        t.true(tuple instanceof PythonTuple, `${peer.name}, ${protocol}`)
      t.deepEqual([...four], [1, 2, 3, 4])
      t.is(a[1]?.constructor, Array)
      t.is(value.constructor, Array)
    }
  }
})

test('from Python: with tuples: true, a value that is made with a tuple arrives as without the option', async (t) => {
  const made =
    "[decimal.Decimal('1'), uuid.UUID(int=5), datetime.datetime(2024, 1, 1, tzinfo=utc), collections.deque([1])]"
  for (const peer of peers()) {
    for (const protocol of peer.protocols) {
      t.deepEqual(await read(peer, made, protocol, { tuples: true }), await peer.dumps(made, protocol))
    }
  }
})

test('from Python: with naive: true, a naive datetime is a PythonDateTime, and an aware one a Date', async (t) => {
  for (const peer of peers()) {
    for (const protocol of peer.protocols) {
      const [naive, aware, twice] = (await read(
        peer,
        '[datetime.datetime(2024, 7, 1, 12, 0, 0, 5), datetime.datetime(2024, 7, 1, tzinfo=utc), datetime.datetime(2024, 1, 1, fold=1)]',
        protocol,
        { naive: true },
      )) as [PythonDateTime, Date, PythonDateTime]
      t.deepEqual(naive, new PythonDateTime('2024-07-01T12:00:00.000005'))
      t.deepEqual(aware, new Date('2024-07-01T00:00:00Z'))
      // The protocols before don't carry it.
      t.is(twice.fold, protocol >= 4 ? 1 : 0)
    }
  }
})

test('from Python: a value of the table that comes twice is one', async (t) => {
  const values = [
    'datetime.timedelta(1)',
    'datetime.time(1)',
    'complex(1, 2)',
    'fractions.Fraction(1, 2)',
    'range(3)',
    'collections.deque([1])',
    'collections.Counter("a")',
    "re.compile('a')",
    "ipaddress.ip_address('::1')",
  ]
  for (const peer of peers()) {
    for (const protocol of peer.protocols) {
      for (const value of values) {
        const [a, b, { c }] = (await peer.dumps(`x = ${value}\n[x, x, {'c': x}]`, protocol)) as [
          unknown,
          unknown,
          { c: unknown },
        ]
        t.is(a, b, `${peer.name}, protocol ${protocol}: ${value}`)
        t.is(a, c)
      }
    }
  }
})

test('from Python: a deque that contains itself arrives so', async (t) => {
  for (const peer of peers()) {
    for (const protocol of peer.protocols) {
      const deque = (await peer.dumps('x = collections.deque()\nx.append(x)\nx', protocol)) as unknown[]
      t.is(deque[0], deque)
    }
  }
})
