// Objects of classes outside the table: refused by name, kept as a PythonObject, or replaced by the result of the program's function.

import test from 'ava'
import { DecodeError, pipe } from 'carom'
import { pickle, type PickleOptions, PythonError, PythonObject, PythonTuple } from 'carom/python'
import { checkDescriptors } from './descriptors.ts'
import { type Interpreter, interpreters, oldVirtualEnvironment, virtualEnvironment } from './interpreters.ts'
import { type PicklePeer, picklePeers } from './pickle-peers.ts'

const peers = picklePeers(test, async () => {
  const found = [await virtualEnvironment(), await oldVirtualEnvironment(), ...(await interpreters(6))]
  return found.filter((python): python is Interpreter => python !== undefined)
})
checkDescriptors(test)

async function read(peer: PicklePeer, statements: string, protocol: number, options?: PickleOptions): Promise<unknown> {
  return pickle(options).decode(await peer.pickled(statements, protocol))
}

interface Said {
  module: string
  name: string
  args?: unknown
  state?: unknown
  items?: unknown
  entries?: unknown
}

const inert: [string, string, Said][] = [
  ['an instance', 'Record(a=1, b=[2])', { module: '__main__', name: 'Record', args: [], state: { a: 1, b: [2] } }],
  ['an instance without attributes', 'Unknown()', { module: '__main__', name: 'Unknown', args: [] }],
  ['a function', 'function', { module: '__main__', name: 'function' }],
  ['a class', 'Unknown', { module: '__main__', name: 'Unknown' }],
  ['a class inside of another', 'Outer.InnerError', { module: '__main__', name: 'Outer.InnerError' }],
  ['a built-in class', 'int', { module: 'builtins', name: 'int' }],
  ['a class of the table', 'decimal.Decimal', { module: 'decimal', name: 'Decimal' }],
  ['a named tuple', "Point(1, 'y')", { module: '__main__', name: 'Point', args: [1, 'y'] }],
  ['an enum', 'Color.RED', { module: '__main__', name: 'Color', args: ['red'] }],
  ['a partial function', 'functools.partial(int, 1)', { module: 'functools', name: 'partial' }],
  ['a time zone', 'utc', { module: 'datetime', name: 'timezone' }],
]

for (const [title, expression, expected] of inert) {
  test(`with unknown: 'object', ${title} is a PythonObject`, async (t) => {
    for (const peer of peers()) {
      // Protocols 0 and 1 have a tuple's items as one.
      for (const protocol of peer.protocols.filter((version) => version >= 2 || !title.includes('tuple'))) {
        const [object] = (await read(peer, `[${expression}]`, protocol, { unknown: 'object' })) as [PythonObject]
        t.true(object instanceof PythonObject)
        t.like(object, expected, `${peer.name}, protocol ${protocol}`)
        const alone = await read(peer, expression, protocol, { unknown: 'object' })
        t.like(alone, expected)
        if (!('args' in expected) && !('items' in expected) && /class|function$/.test(title))
          t.is(object.args, title === 'a partial function' ? object.args : undefined)
        await t.throwsAsync(() => read(peer, `[${expression}]`, protocol), { instanceOf: DecodeError })
      }
    }
  })
}

test("with unknown: 'object', the values appended to an object are its items, and those set on it its entries", async (t) => {
  const statements = 'b = Bag([1, (2,)])\nb.a = b\n[b, collections.OrderedDict(x=b), Catalog({1: b})]'
  for (const peer of peers()) {
    for (const protocol of [2, 3, 4]) {
      const [bag, map, catalog] = (await read(peer, statements, protocol, { unknown: 'object' })) as [
        PythonObject,
        Map<string, unknown>,
        PythonObject,
      ]
      t.deepEqual(bag.items, [1, [2]])
      t.is((bag.state as { a: unknown }).a, bag)
      t.is(map.get('x'), bag)
      t.is(catalog.entries?.[0]?.[0], 1)
      t.is(catalog.entries?.[0]?.[1], bag)
    }
  }
})

test("with unknown: 'object', an object that occurs twice arrives as one", async (t) => {
  const statements = "x = Record(a=1)\nx.x = x\n[x, {'x': x}, (x,), {x}, {x: x}]"
  for (const peer of peers()) {
    for (const protocol of peer.protocols) {
      const [x, dict, tuple, set, map] = (await read(peer, statements, protocol, { unknown: 'object' })) as [
        PythonObject,
        { x: unknown },
        unknown[],
        Set<unknown>,
        Map<unknown, unknown>,
      ]
      t.true(x instanceof PythonObject)
      t.is(dict.x, x)
      t.is(tuple[0], x)
      t.true(set.has(x))
      t.is(map.get(x), x)
      t.is((x.state as { x: unknown }).x, x)
    }
  }
})

test("with unknown: 'object', exceptions are still exceptions, and values of the table are still their types", async (t) => {
  for (const peer of peers()) {
    for (const protocol of peer.protocols) {
      const [error, date] = (await read(
        peer,
        "[OopsError('no'), datetime.datetime(2024, 1, 1, tzinfo=utc)]",
        protocol,
        {
          unknown: 'object',
        },
      )) as [unknown, unknown]
      t.true(error instanceof PythonError)
      t.true(date instanceof Date)
    }
  }
})

test('the error for a refused class names it, and the way out', async (t) => {
  for (const peer of peers()) {
    for (const protocol of peer.protocols) {
      await t.throwsAsync(() => read(peer, "{'a': [Record(b=Unknown())]}", protocol), {
        instanceOf: DecodeError,
        message: /asks for __main__\.Record, .*unknown/,
      })
    }
  }
})

test('the result of a function for a class stands for each object of it', async (t) => {
  const classes: PickleOptions['classes'] = {
    '__main__.Record': (_args, state) => ({ record: state }),
    '__main__.Point': ([x, y]) => ({ x, y }),
    '__main__.Color': ([value]) => `color ${String(value)}`,
    '__main__.function': (args, state, object) => [args, state, object.name],
  }
  const statements =
    "r = Record(p=Point(1, 2), c=[Color.RED])\n[r, (r,), {'k': r}, {'s': {Point(3, 4)}}, {Point(5, 6): Color.RED}, function]"
  for (const peer of peers()) {
    for (const protocol of [2, 3, 4]) {
      const value = (await read(peer, statements, protocol, { classes })) as unknown[]
      const record = { record: { p: { x: 1, y: 2 }, c: ['color red'] } }
      t.deepEqual(
        value.slice(0, 5),
        [record, [record], { k: record }, { s: new Set([{ x: 3, y: 4 }]) }, new Map([[{ x: 5, y: 6 }, 'color red']])],
        `${peer.name}, protocol ${protocol}`,
      )
      t.is((value[1] as unknown[])[0], value[0])
      t.deepEqual(value[5], [[], undefined, 'function'])
    }
  }
})

test('a function for a class gets the state, and all else of an object, and may return anything', async (t) => {
  for (const peer of peers()) {
    for (const protocol of [2, 3, 4]) {
      const bag = await read(peer, 'b = Bag([1, 2])\nb.a = 3\n[b]', protocol, {
        classes: { '__main__.Bag': (args, state, object) => [args, state, object.items] },
      })
      t.deepEqual(bag, [[[], { a: 3 }, [1, 2]]])
      for (const nothing of [undefined, null, 0, '']) {
        t.deepEqual(await read(peer, '[Unknown()]', protocol, { classes: { '__main__.Unknown': () => nothing } }), [
          nothing,
        ])
      }
    }
  }
})

test('objects inside of each other are made from the inside, and a cycle is closed afterwards', async (t) => {
  const statements = 'a = Record()\nb = Record(a=a)\na.b = b\na.me = a\n[a, b]'
  for (const peer of peers()) {
    for (const protocol of peer.protocols) {
      const made: unknown[] = []
      const [a, b] = (await read(peer, statements, protocol, {
        classes: {
          '__main__.Record': (_args, state) => {
            made.push(state)
            return state
          },
        },
      })) as [Record<string, unknown>, Record<string, unknown>]
      t.is(made.length, 2)
      t.is(a['b'], b)
      t.is(b['a'], a)
      t.is(a['me'], a)
      t.false(a instanceof PythonObject)
    }
  }
})

test('an error thrown by a function for a class is the cause of a DecodeError that names the class, and the next message is unharmed', async (t) => {
  const thrown = new TypeError('mine')
  const classes = {
    '__main__.Unknown': () => {
      throw thrown
    },
  }
  for (const peer of peers()) {
    const [a, b] = pipe({ codec: pickle({ classes }) })
    await a.sendBytes(await peer.pickled('[Unknown()]', 4))
    await a.send(5)
    const error = await t.throwsAsync(() => b.recv(), { instanceOf: DecodeError, message: /__main__\.Unknown.*mine/ })
    t.is((error!.cause as Error).cause, thrown)
    t.is(await b.recv(), 5)
    await a.close()
    await b.close()
  }
})

test('a function for a class may read and write pickles itself', async (t) => {
  for (const peer of peers()) {
    const bytes = await peer.pickled('[Record(n=3), Record(n=0)]', 4)
    const codec = pickle({
      classes: {
        '__main__.Record': (_args, state) => {
          const { n } = state as { n: number }
          t.deepEqual(codec.decode(codec.encode([n, n])), [n, n])
          return n > 0 ? n : (codec.decode(Buffer.from(bytes)) as unknown[]).length
        },
      },
    })
    // The second one would never end.
    const once = pickle({ classes: { '__main__.Record': (_args, state) => codec.decode(codec.encode(state)) } })
    t.deepEqual(once.decode(bytes), [{ n: 3 }, { n: 0 }])
  }
})

test('a function for a class of the table, or for an exception, takes the place of the table’s form', async (t) => {
  for (const peer of peers()) {
    for (const protocol of peer.protocols) {
      const value = await read(
        peer,
        "[decimal.Decimal('1.5'), uuid.UUID(int=5), OopsError('no'), datetime.datetime(2024, 1, 1, tzinfo=utc)]",
        protocol,
        {
          classes: {
            'decimal.Decimal': ([text]) => Number(text),
            'uuid.UUID': () => 'uuid',
            '__main__.OopsError': ([text]) => text,
            'datetime.timezone': () => 'never by itself',
          },
        },
      )
      t.deepEqual(value, [1.5, 'uuid', 'no', new Date('2024-01-01T00:00:00Z')], `${peer.name}, protocol ${protocol}`)
    }
  }
})

test('with tuples: true, the args of objects and exceptions are arrays, and tuples in them are tuples', async (t) => {
  for (const peer of peers()) {
    for (const protocol of [2, 3, 4]) {
      const [point, error] = (await read(peer, '[Point(1, (2,)), OopsError((3,))]', protocol, {
        tuples: true,
        unknown: 'object',
      })) as [PythonObject, PythonError]
      for (const { args } of [point, error]) t.is(args?.constructor, Array)
      t.true(point.args?.[1] instanceof PythonTuple)
      t.true(error.args[0] instanceof PythonTuple)
    }
  }
})

test('with forward: true, an object that was received goes back as it came', async (t) => {
  const statements = '[Record(a=(1, 2)), Point(1, 2), Color.RED, function, Unknown, fractions.Fraction, Bag([1, 2])]'
  for (const peer of peers().filter(({ version }) => version >= 8)) {
    for (const protocol of [2, 3, 4, 5]) {
      const codec = pickle({ unknown: 'object', forward: true, tuples: true })
      const objects = (await read(peer, statements, protocol, { unknown: 'object', tuples: true })) as PythonObject[]
      const bytes = codec.encode(objects)
      t.is(
        await peer.check(
          bytes,
          "(lambda v: v[0].__dict__ == {'a': (1, 2)} and v[1] == Point(1, 2) and v[2] is Color.RED and v[3] is function and v[4] is Unknown and v[5] is fractions.Fraction and v[6] == [1, 2] and type(v[6]) is Bag)(pickle.loads(value))",
        ),
        true,
        `${peer.name}, protocol ${protocol}`,
      )
      t.throws(() => pickle().encode(objects))
    }
  }
})

const pandas: [string, string, unknown][] = [
  [
    'columns as lists',
    "pandas.DataFrame({'a': [1, 2], 'b': [1.5, 2.5], 'c': ['x', 'y']}).to_dict('list')",
    { a: [1, 2], b: [1.5, 2.5], c: ['x', 'y'] },
  ],
  [
    'rows',
    "pandas.DataFrame({'a': [1, 2], 'c': ['x', None]}).to_dict('records')",
    [
      { a: 1, c: 'x' },
      { a: 2, c: null },
    ],
  ],
  ['a series', "pandas.Series([1, 2], index=['x', 'y']).to_dict()", { x: 1, y: 2 }],
]

for (const [title, expression, expected] of pandas) {
  test(`pandas, by its own to_dict: ${title}`, async (t) => {
    for (const peer of peers()) {
      if ((await peer.dumps("'pandas' in globals()", 4)) !== true) continue
      for (const protocol of peer.protocols) {
        const value = await peer.dumps(expression, protocol)
        // Newer versions have NaN where a text is missing.
        const known = JSON.parse(JSON.stringify(value)) as unknown
        t.deepEqual(known, expected, `${peer.name}, protocol ${protocol}`)
      }
    }
  })
}

test('pandas, by columns as arrays of numpy: numbers, truths, texts and times', async (t) => {
  const frame = `d = pandas.DataFrame({'n': [1.5, 2.5], 'i': [1, 2], 'b': [True, False], 's': ['x', 'y'], 't': pandas.to_datetime(['1970-01-01T00:00:01', '1970-01-02T00:00:00'])})
d['t'] = d['t'].astype('datetime64[ns]')
{name: column.to_numpy('U' if name == 's' else None) for name, column in d.items()}`
  for (const peer of peers()) {
    if ((await peer.dumps("'pandas' in globals()", 4)) !== true) continue
    for (const protocol of peer.protocols) {
      const { n, i, b, s, t: times } = (await peer.dumps(frame, protocol)) as Record<string, ArrayLike<unknown>>
      t.deepEqual(Array.from(n!), [1.5, 2.5])
      t.deepEqual(Array.from(i!), [1n, 2n])
      t.like(b, { 0: 1, 1: 0, dtype: 'bool' })
      t.deepEqual(s, ['x', 'y'])
      t.like(times, { 0: 10n ** 9n, dtype: 'datetime64[ns]' })
    }
  }
})

test('pandas: a DataFrame itself is refused by name', async (t) => {
  for (const peer of peers()) {
    if ((await peer.dumps("'pandas' in globals()", 4)) !== true) continue
    for (const protocol of peer.protocols) {
      await t.throwsAsync(() => read(peer, "pandas.DataFrame({'a': [1]})", protocol), { message: /asks for pandas/ })
    }
  }
})
