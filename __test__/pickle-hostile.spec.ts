// Pickles that no pickler wrote. They may be refused, and nothing else: no crash, no hang, no memory beyond their size.

import test, { type ExecutionContext } from 'ava'
import type { Connection } from 'carom'
import { pickle as codec } from 'carom/python'
import * as fc from 'fast-check'
import { checkDescriptors } from './descriptors.ts'
import { pair } from './pairs.ts'

checkDescriptors(test)

/** Milliseconds of processor time that none of these takes; what grows faster than its message takes minutes. */
const SOON = 10_000

/** How many milliseconds of processor time this process has had: what others do on the machine doesn't count. */
function busy(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

type Part = string | number | Uint8Array

/** A pickle of opcodes and their arguments, as text or bytes. */
function pickle(...parts: Part[]): Buffer {
  return Buffer.concat(
    parts.map((part) =>
      typeof part === 'string' ? Buffer.from(part, 'latin1') : typeof part === 'number' ? Buffer.of(part) : part,
    ),
  )
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function uint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(value)
  return bytes
}

const name = (text: string): Buffer => pickle(0x8c, text.length, text)
const global = (module: string, type: string): Buffer => pickle(name(module), name(type), 0x93)

async function receive(t: ExecutionContext, bytes: Uint8Array): Promise<unknown> {
  const [a, b] = pair(t, { codec: 'pickle' })
  return receiveOn([a, b], bytes)
}

async function receiveOn([a, b]: [Connection, Connection], bytes: Uint8Array): Promise<unknown> {
  const sending = a.sendBytes(bytes)
  try {
    return await b.recv()
  } finally {
    await sending
  }
}

const refused: [string, Buffer, RegExp][] = [
  ['nothing', pickle(), /ends too early/],
  ['no STOP', pickle('N'), /ends too early/],
  ['STOP and nothing before it', pickle('.'), /not on its stack/],
  ['bytes after STOP', pickle('N.N'), /ends at its byte 2, the message goes on/],
  ['an unknown opcode', pickle(0xff, '.'), /0xff is not an opcode/],
  ['protocol 6', pickle(0x80, 6, 'N.'), /protocol 6; up to 5/],
  ['a truncated int', pickle('J', 1, 2), /ends too early/],
  ['a truncated float', pickle('G', 1, 2), /ends too early/],
  ['a truncated text', pickle(0x8c, 5, 'abc.'), /ends too early/],
  ['a truncated place of the memo', pickle('h'), /ends too early/],
  ['a truncated far place of the memo', pickle('j', 1, 2), /ends too early/],
  ['a truncated line', pickle('I12'), /ends too early/],
  ['a text of 4 GiB', pickle('X', uint32(0xffffffff), 'abc.'), /ends too early/],
  ['a text of 2^63 bytes', pickle(0x8d, uint64(2n ** 63n), 'abc.'), /ends too early/],
  ['bytes of 4 GiB', pickle('B', uint32(0xffffffff), 'abc.'), /ends too early/],
  ['bytes of 2^64 - 1', pickle(0x8e, uint64(2n ** 64n - 1n), 'abc.'), /ends too early/],
  ['a bytearray of 1 TiB', pickle(0x96, uint64(2n ** 40n), 'abc.'), /ends too early/],
  ['an int of 2 GiB', pickle(0x8b, uint32(0x7fffffff), 'abc.'), /ends too early/],
  ['an int of a negative size', pickle(0x8b, uint32(0x80000000), 'abc.'), /ends too early/],
  ['a frame longer than the message', pickle(0x80, 4, 0x95, uint64(1000n), 'N.'), /ends too early/],
  ['text that is not UTF-8', pickle(0x8c, 3, 'a', 0xff, 'b', '.'), /not UTF-8 at its byte 1/],
  ['text in an overlong form', pickle(0x8c, 3, 0xe0, 0x80, 0x80, '.'), /not UTF-8/],
  ['text beyond Unicode', pickle(0x8c, 4, 0xf4, 0x90, 0x80, 0x80, '.'), /not UTF-8/],
  ['text whose last character is cut', pickle(0x8c, 2, 0xe2, 0x82, 'N.'), /not UTF-8/],
  ['an int that is none', pickle('I1x\n.'), /'1x' is not an integer/],
  ['an int of too many digits', pickle('L', '9'.repeat(5000), 'L\n.'), /5000 digits, more than 4300/],
  ['a float that is none', pickle('F1,5\n.'), /'1,5' is not a float/],
  ['a text of Python 2 without quotes', pickle('Sabc\n.'), /not in quotes/],
  ['an escape beyond Unicode', pickle('V\\Uffffffff\n.'), /./],
  ['a place of the memo that has nothing', pickle('h', 5, '.'), /memo has nothing at 5/],
  ['a place of the memo far away', pickle('Nr', uint32(0xffffffff), '.'), /memo has no place 4294967295/],
  ['a negative place of the memo', pickle('Np-1\n.'), /memo has no place -1/],
  ['MEMOIZE with nothing to memoize', pickle(0x94, 'N.'), /not on its stack/],
  ['APPEND with nothing to append to', pickle('Na.'), /not on its stack/],
  ['APPEND to something that is no list', pickle('NNa.'), /not a list/],
  ['APPENDS without a mark', pickle(']Ne.'), /mark/],
  ['APPENDS to what is below two marks', pickle('](((Ne.'), /not on its stack/],
  ['SETITEM on something that is no dict', pickle(']NNs.'), /not a dict/],
  ['SETITEM on bytes', pickle('C', 1, 'a', 'K', 0, 'K', 1, 's.'), /not a dict/],
  ['a key without its value', pickle('}(Nu.'), /key without its value/],
  ['a DICT with a key without its value', pickle('(Nd.'), /not on its stack/],
  ['ADDITEMS to something that is no set', pickle('](N', 0x90, '.'), /not a set/],
  ['TUPLE2 beyond a mark', pickle('N(N', 0x86, '.'), /not on its stack/],
  ['POP of nothing', pickle('0N.'), /mark/],
  ['a value below a mark as the result', pickle('N(.'), /not on its stack/],
  ['REDUCE of something that is no function', pickle(']', ')', 'R.'), /not a class or function/],
  ['REDUCE with arguments that are no tuple', pickle(global('decimal', 'Decimal'), 'NR.'), /not a tuple/],
  ['BUILD of something without a state', pickle(']}b.'), /gives a state/],
  ['a class itself', pickle(global('uuid', 'UUID'), '.'), /uuid.UUID can only be received as a part/],
  ['a UUID without a state', pickle(global('uuid', 'UUID'), ')', 0x81, '.'), /uuid.UUID can only/],
  ['a UUID without a state, in a list', pickle(']', global('uuid', 'UUID'), ')', 0x81, 'a.'), /uuid.UUID can only/],
  [
    'a UUID too long',
    pickle(global('uuid', 'UUID'), ')', 0x81, '}', name('int'), 0x8a, 17, 'x'.repeat(17), 'sb.'),
    /UUID/,
  ],
  ['an array too short', pickle(global('array', 'array'), name('d'), 'N', 0x86, 'R.'), /array/],
  [
    'an array whose bytes are no whole number of items',
    pickle(
      global('array', '_array_reconstructor'),
      '(',
      global('array', 'array'),
      name('d'),
      'K',
      16,
      'C',
      3,
      'abc',
      'tR.',
    ),
    /3 bytes are not a number of items/,
  ],
  ['a date that there is not', pickle(global('datetime', 'date'), 'C', 4, 7, 0xe7, 2, 30, 0x85, 'R.'), /2023-02-30/],
  ['a persistent id', pickle('NQ.'), /persistent id/],
  ['a persistent id in text', pickle('Px\n.'), /persistent id/],
  ['an out-of-band buffer', pickle(0x97, '.'), /out-of-band/],
  ['a read-only buffer', pickle('N', 0x98, '.'), /out-of-band/],
  ['an extension', pickle(0x82, 1, '.'), /extension registry/],
  ['keyword arguments', pickle(global('uuid', 'UUID'), ')}', 0x92, '.'), /uuid.UUID with keyword arguments/],
  ['a call of the system', pickle('cos\nsystem\n(Vid\ntR.'), /asks for os.system,/],
  ['the same as a name on the stack', pickle(global('posix', 'system'), name('id'), 0x85, 'R.'), /posix.system/],
  ['the same as an instance', pickle('(Vid\nios\nsystem\n.'), /os.system/],
  ['eval', pickle(global('builtins', 'eval'), name('1'), 0x85, 'R.'), /builtins.eval/],
  ['getattr', pickle(global('builtins', 'getattr'), '.'), /builtins.getattr/],
  [
    'an attribute of what is allowed',
    pickle(global('collections', 'OrderedDict.fromkeys'), '.'),
    /OrderedDict.fromkeys/,
  ],
  ['a name of JavaScript', pickle(global('builtins', 'constructor'), '.'), /builtins.constructor/],
  ['a module of JavaScript', pickle(global('__proto__', 'toString'), '.'), /__proto__.toString/],
  ['a name with control characters', pickle(global('a\x1b[2Jb', 'c\n'), '.'), /a\?\[2Jb\.c\?/],
  ['a name that is no text', pickle('NN', 0x93, '.'), /not a text/],
  ['an OBJ of something that is no class', pickle('(No.'), /not a class or function/],
  ['_reconstructor of something else', pickle('ccopy_reg\n_reconstructor\n(c__builtin__\nobject\nNNtR.'), /arguments/],
]

for (const [title, bytes, message] of refused) {
  test(`hostile: ${title} is a DecodeError, and the next message is unharmed`, async (t) => {
    const [a, b] = pair(t, { codec: 'pickle' })
    await t.throwsAsync(() => receiveOn([a, b], bytes), { code: 'ERR_CAROM_DECODE', message })
    t.is(await receiveOn([a, b], pickle('K', 5, '.')), 5)
  })
}

const hundredThousand = 100_000

test('hostile: lists a hundred thousand deep are read', async (t) => {
  let value = await receive(t, pickle(']'.repeat(hundredThousand), 'a'.repeat(hundredThousand - 1), '.'))
  for (let depth = 1; depth < hundredThousand; depth++) [value] = value as unknown[]
  t.deepEqual(value, [])
})

for (const [title, open, close] of [
  ['tuples', ')', '\x85'],
  ['dicts', '}K\x01', 's'],
  ['marks', '(', 't'],
] as const) {
  test(`hostile: ${title} a hundred thousand deep are read`, async (t) => {
    const end = title === 'tuples' ? open + close.repeat(hundredThousand) : open.repeat(hundredThousand)
    const bytes = pickle(
      title === 'tuples' ? '' : end,
      title === 'dicts' ? 'N' : '',
      title === 'tuples' ? end : close.repeat(hundredThousand),
      '.',
    )
    t.truthy(await receive(t, bytes))
  })
}

test('hostile: an exception whose argument is nested without end in text is read, and its message ends', async (t) => {
  const laughs = pickle(']', 0x94, ...Array.from({ length: 60 }, (_, n) => pickle('0h', n, 'h', n, 0x86, 0x94)))
  const error = await receive(t, pickle(global('builtins', 'ValueError'), laughs, 0x85, 'R.'))
  t.true((error as Error).message.length < 2 ** 18)
})

test('hostile: a value that refers to itself twice, sixty levels deep, takes no more than that', async (t) => {
  const laughs = Array.from({ length: 60 }, (_, n) => pickle('](h', n, 'h', n, 'e', 0x94))
  let value = await receive(t, pickle(']', 0x94, ...laughs, '.'))
  for (let depth = 0; depth < 60; depth++) {
    const [a, b] = value as unknown[]
    t.is(a, b)
    value = a
  }
  t.deepEqual(value, [])
})

test.serial(
  'hostile: many dicts that turn out to be Maps, beside a large memo, take a time in proportion',
  async (t) => {
    const count = 50_000
    const memo = pickle('N', pickle(0x94).toString('latin1').repeat(count))
    const dicts = pickle('](', '}K\x01Ns'.repeat(count), 'e.')
    const started = busy()
    t.is(((await receive(t, pickle(memo, dicts))) as unknown[]).length, count)
    t.true(busy() - started < SOON)
  },
)

/** `count` times what `call` makes of the text that is in the memo at 0, in a list. */
function manyOf(text: Buffer, before: Buffer, call: Buffer, count: number): Buffer {
  return pickle(text, 'q', 0, '0', before, '](', ...Array.from({ length: count }, () => call), 'e.')
}

const long = 1_000_000
const text = (value: string): Buffer => pickle('X', uint32(value.length), value)
const global1 = (module: string, type: string): Buffer => pickle(global(module, type), 'q', 1, '0')
const latin1 = pickle(name('latin1'), 'q', 2, '0')

for (const [title, bytes] of [
  [
    'bytes made of one text',
    manyOf(
      text('a'.repeat(long)),
      pickle(global1('_codecs', 'encode'), latin1),
      pickle('h', 1, 'h', 0, 'h', 2, 0x86, 'R'),
      long / 10,
    ),
  ],
  [
    'decimals of the same digits',
    manyOf(text('1'.repeat(long)), global1('decimal', 'Decimal'), pickle('h', 1, 'h', 0, 0x85, 'R'), long / 10),
  ],
  [
    'sets of the same list',
    manyOf(
      pickle('](', 'K\x01'.repeat(long), 'e'),
      global1('builtins', 'set'),
      pickle('h', 1, 'h', 0, 0x85, 'R'),
      long / 10,
    ),
  ],
  [
    'exceptions with the same text twice',
    manyOf(
      text('a'.repeat(long)),
      global1('builtins', 'ValueError'),
      pickle('h', 1, 'h', 0, 'h', 0, 0x86, 'R'),
      long / 10,
    ),
  ],
] as const) {
  test.serial(`hostile: many ${title}, which is a megabyte long, are refused before they take memory`, async (t) => {
    const before = process.memoryUsage().rss
    await t.throwsAsync(() => receive(t, bytes), { code: 'ERR_CAROM_DECODE', message: /more copies/ })
    t.true(process.memoryUsage().rss - before < 2 ** 29)
  })
}

/** Opcodes that put a value in the memo at 0, then call something with it many times, in a list. */
const calls = (value: Buffer, callee: Buffer, call: Buffer, count = 50_000): Buffer =>
  manyOf(value, callee, call, count)

const hugeInt = pickle(0x8b, uint32(long), '\x7f'.repeat(long))
const manyKeys = pickle('}(', ...Array.from({ length: 20_000 }, (_, n) => pickle(name(String(n * 7)), 'N')), 'u')

for (const [title, bytes] of [
  ['Counters of the same dict', calls(manyKeys, global1('collections', 'Counter'), pickle('h', 1, 'h', 0, 0x85, 'R'))],
  [
    'deques of the same list',
    calls(pickle('](', 'K\x01'.repeat(long), 'e'), global1('collections', 'deque'), pickle('h', 1, 'h', 0, 0x85, 'R')),
  ],
  [
    'bytearrays of the same text',
    calls(
      text('a'.repeat(long)),
      pickle(global1('builtins', 'bytearray'), latin1),
      pickle('h', 1, 'h', 0, 'h', 2, 0x86, 'R'),
    ),
  ],
  [
    'dtypes of the same long name',
    calls(text('a'.repeat(long)), global1('numpy', 'dtype'), pickle('h', 1, 'h', 0, 0x85, 'R')),
  ],
  [
    'names inside of names',
    calls(
      text('a'.repeat(long)),
      pickle(global1('builtins', 'getattr'), global('datetime', 'datetime'), 'q', 3, '0'),
      pickle('h', 1, 'h', 3, 'h', 0, 0x86, 'R'),
    ),
  ],
] as const) {
  test.serial(`hostile: many ${title} are refused before they take long`, async (t) => {
    const started = busy()
    await t.throwsAsync(() => receive(t, bytes), { code: 'ERR_CAROM_DECODE', message: /more copies/ })
    t.true(busy() - started < SOON)
  })
}

for (const [title, bytes] of [
  [
    'UUIDs of an int of a megabyte',
    calls(pickle('}', name('int'), hugeInt, 's'), global1('uuid', 'UUID'), pickle('h', 1, ')', 0x81, 'h', 0, 'b')),
  ],
  [
    'Fractions of ints of a megabyte',
    calls(hugeInt, global1('fractions', 'Fraction'), pickle('h', 1, 'h', 0, 'h', 0, 0x86, 'R')),
  ],
  [
    'addresses of an int of a megabyte',
    calls(hugeInt, global1('ipaddress', 'IPv6Address'), pickle('h', 1, 'h', 0, 0x85, 'R')),
  ],
  [
    'ranges of ints of a megabyte',
    calls(hugeInt, global1('builtins', 'range'), pickle('h', 1, 'h', 0, 'h', 0, 'h', 0, 0x87, 'R')),
  ],
  [
    'timedeltas of an int of a megabyte',
    calls(hugeInt, global1('datetime', 'timedelta'), pickle('h', 1, 'h', 0, 0x85, 'R')),
  ],
  [
    'KeyErrors of a text of a megabyte',
    calls(text('a'.repeat(long)), global1('builtins', 'KeyError'), pickle('h', 1, 'h', 0, 0x85, 'R'), 20),
  ],
  [
    'SyntaxErrors of a long path',
    calls(
      pickle('(', text('a'.repeat(long)), 'K\x01NNt'),
      global1('builtins', 'SyntaxError'),
      pickle('h', 1, 'Nh', 0, 0x86, 'R'),
    ),
  ],
  [
    'exceptions of the same large tuple',
    calls(
      pickle('(', 'K\x01'.repeat(1000), 't'),
      global1('builtins', 'ValueError'),
      pickle('h', 1, 'h', 0, 0x85, 'R'),
      20_000,
    ),
  ],
  ['names of a megabyte', calls(text('a'.repeat(long)), pickle('N0'), pickle('h', 0, 'h', 0, 0x93))],
  ['names of a megabyte in Python 2', calls(text('a'.repeat(long)), pickle('N0'), pickle('h', 0, 'h', 0, 0x93, ')R'))],
  [
    'time zones that there are not',
    pickle(
      global1('zoneinfo', 'ZoneInfo._unpickle'),
      '](',
      ...Array.from({ length: 50_000 }, (_, n) => pickle('h', 1, name(`Mars/Crater${n}`), 'K', 1, 0x86, 'R')),
      'e.',
    ),
  ],
  [
    'datetimes in a time zone',
    pickle(
      global1('datetime', 'datetime'),
      global('zoneinfo', 'ZoneInfo._unpickle'),
      name('Europe/Berlin'),
      'K',
      1,
      0x86,
      'R',
      'q',
      2,
      '0',
      name('x'),
      '0',
      'C',
      10,
      Buffer.of(7, 232, 1, 1, 1, 1, 1, 0, 0, 0),
      'q',
      3,
      '0](',
      'h\x01h\x03h\x02\x86R'.repeat(50_000),
      'e.',
    ),
  ],
] as const) {
  test.serial(`hostile: many ${title} take a time in proportion`, async (t) => {
    const started = busy()
    await receive(t, bytes).then(
      () => t.pass(),
      (error: { code?: string }) => t.is(error.code, 'ERR_CAROM_DECODE'),
    )
    t.true(busy() - started < SOON)
  })
}

for (const [title, item] of [
  ['of one item each', '\x01'],
  ['of no item', '\x00'],
] as const) {
  for (const order of ['C', 'F']) {
    test.serial(
      `hostile: arrays of ${long / 100} dimensions ${title}, in the order of ${order}, are refused soon`,
      async (t) => {
        const shape = pickle('(', `K${item}`.repeat(long / 100), 't')
        const bytes = pickle(
          global('numpy.core.numeric', '_frombuffer'),
          '(',
          'C',
          item,
          item === '\x00' ? '' : 'a',
          global('numpy', 'dtype'),
          name('u1'),
          0x85,
          'R',
          shape,
          name(order),
          'tR.',
        )
        const started = busy()
        await t.throwsAsync(() => receive(t, bytes), { code: 'ERR_CAROM_DECODE', message: /_frombuffer/ })
        t.true(busy() - started < SOON)
      },
    )
  }
}

test.serial(
  'hostile: a large array in the order of Fortran, of 64 dimensions, takes a time in proportion',
  async (t) => {
    const count = 2 ** 20
    const shape = pickle('(', 'K\x02'.repeat(20), 'K\x01'.repeat(44), 't')
    const bytes = pickle(
      global('numpy.core.numeric', '_frombuffer'),
      '(',
      'B',
      uint32(count),
      Buffer.alloc(count),
      global('numpy', 'dtype'),
      name('u1'),
      0x85,
      'R',
      shape,
      name('F'),
      'tR.',
    )
    const started = busy()
    t.is(((await receive(t, bytes)) as Uint8Array).length, count)
    t.true(busy() - started < SOON)
  },
)

test('hostile: texts of no length, of which there is no end, are refused', async (t) => {
  const bytes = pickle(
    global('numpy.core.numeric', '_frombuffer'),
    '(',
    'C',
    0,
    global('numpy', 'dtype'),
    name('U0'),
    0x85,
    'R',
    'J',
    uint32(2 ** 30),
    0x85,
    name('C'),
    'tR.',
  )
  await t.throwsAsync(() => receive(t, bytes), { code: 'ERR_CAROM_DECODE', message: /_frombuffer/ })
})

/** V8's hash of a small integer. */
function hashOf(key: number): number {
  let hash = (~key + (key << 15)) | 0
  hash ^= hash >>> 12
  hash = (hash + (hash << 2)) | 0
  hash ^= hash >>> 4
  hash = Math.imul(hash, 2057)
  return (hash ^ (hash >>> 16)) & 0x3fffffff
}

function* colliding(): Generator<number> {
  for (let key = 0; key < 2 ** 28; key++) if ((hashOf(key) & 0xffff) === 0) yield key
}

const int32 = (value: number): Buffer => pickle('J', uint32(value))
const bigint = (n: number): Buffer => pickle(0x8a, 12, uint32(5), uint32(0), uint32(n + 1))

for (const [title, keys] of [
  ['ints that V8 hashes alike', () => Array.from(colliding()).map(int32)],
  ['ints with the same 64 bits at their end', () => Array.from({ length: 20_000 }, (_, n) => bigint(n))],
] as const) {
  const items = keys()
  for (const [container, bytes] of [
    ['set', pickle(0x8f, '(', ...items, 0x90, '.')],
    ['frozenset', pickle('(', ...items, 0x91, '.')],
    ['set, of a list', pickle(global('builtins', 'set'), '](', ...items, 'e', 0x85, 'R.')],
    ['dict', pickle('}(', ...items.map((item) => pickle(item, 'N')), 'u.')],
    ['dict, one by one', pickle('}', ...items.map((item) => pickle(item, 'Ns')), '.')],
  ] as const) {
    test.serial(`hostile: a ${container} of ${title} is refused soon`, async (t) => {
      const started = busy()
      await t.throwsAsync(() => receive(t, bytes), { code: 'ERR_CAROM_DECODE', message: /can't tell apart/ })
      t.true(busy() - started < SOON)
    })
  }
}

test('hostile: sets and dicts of many numbers of any kind are received', async (t) => {
  const count = 50_000
  for (const make of [
    (n: number) => int32(n),
    (n: number) => int32(n * 4096),
    (n: number) => pickle(0x8a, 9, uint64(BigInt(n) << 46n), 0),
  ]) {
    const items = Array.from({ length: count }, (_, n) => make(n))
    t.is(((await receive(t, pickle(0x8f, '(', ...items, 0x90, '.'))) as Set<unknown>).size, count)
    t.is(
      ((await receive(t, pickle('}(', ...items.map((item) => pickle(item, 'N')), 'u.'))) as Map<unknown, unknown>).size,
      count,
    )
  }
  // The same ones again and again are no more than they are.
  const few = Array.from({ length: 500 }, (_, n) => bigint(n))
  const again = pickle(0x8f, ...Array.from({ length: 10 }, () => pickle('(', ...few, 0x90)), '.')
  t.is(((await receive(t, again)) as Set<unknown>).size, 500)
})

test.serial('hostile: many dicts with an index far away take memory in proportion', async (t) => {
  const count = 100_000
  const bytes = pickle(name('1023'), 'q', 0, '0](', '}h\0Ns'.repeat(count), 'e.')
  const before = process.memoryUsage().rss
  const dicts = (await receive(t, bytes)) as unknown[]
  t.true(process.memoryUsage().rss - before < 2 ** 29)
  t.is(dicts.length, count)
  t.deepEqual(dicts[0], { 1023: null })
})

test('hostile: items of a dict under indexes far away stay', async (t) => {
  const keys = ['4294967294', '50', '9999', '1000', 'a', '0', '01', '1e3']
  const dict = await receive(t, pickle('}(', ...keys.map((key, n) => pickle(name(key), 'K', n)), 'u.'))
  t.deepEqual(dict, Object.fromEntries(keys.map((key, n) => [key, n])))
})

test('hostile: names made of themselves, objects made by themselves, and states of everything are values or DecodeErrors', async (t) => {
  for (const bytes of [
    pickle(global('copyreg', '__newobj__'), 'q', 0, '(', 'h\0'.repeat(50_000), 't', 'R.'),
    pickle(global('copyreg', '_reconstructor'), 'q', 0, 'h', 0, 'h', 0, 'h', 0, 0x87, 'R.'),
    pickle(global('builtins', 'getattr'), 'q', 0, 'h', 0, name('x'), 0x86, 'R', ')R.'),
    pickle('cmine\nthing\n', ')R', ')R'.repeat(50_000), '.'),
    pickle('cmine\nthing\n', ')R', 'q', 0, 'h\0b'.repeat(1000), '.'),
    pickle('cmine\nMyError\n(', 'cmine\nMyError\n('.repeat(20_000), 'tR'.repeat(20_001), '.'),
    pickle('](', 'cmine\nMyError\n)R', 'q', 0, '}', name('x'), 'h', 0, 'sbe.'),
  ]) {
    for (const options of [
      {},
      { unknown: 'object' },
      { classes: { 'mine.thing': () => 1, 'mine.MyError': (args: unknown[]) => args } },
    ] as const) {
      try {
        codec(options).decode(bytes)
        t.pass()
      } catch (error) {
        t.is((error as { code?: string }).code, 'ERR_CAROM_DECODE')
        t.notRegex((error as Error).message, /call stack/)
      }
    }
  }
})

test('hostile: values that share a text of some length are received', async (t) => {
  const bytes = manyOf(
    text('a'.repeat(200)),
    global1('builtins', 'ValueError'),
    pickle('h', 1, 'h', 0, 0x85, 'R'),
    10_000,
  )
  t.is(((await receive(t, bytes)) as unknown[]).length, 10_000)
})

test.serial(
  'hostile: an exception made again and again of an int of a megabyte takes a time in proportion',
  async (t) => {
    const int = pickle(0x8b, uint32(long), '\x7f'.repeat(long))
    const bytes = manyOf(int, global1('builtins', 'ValueError'), pickle('h', 1, 'h', 0, 0x85, 'R'), 10_000)
    const started = busy()
    t.is(((await receive(t, bytes)) as Error[])[0]?.message, '…')
    t.true(busy() - started < SOON)
  },
)

for (const kind of ['PurePosixPath', 'PureWindowsPath']) {
  for (const [title, first, part] of [
    ['relative', 'a', 'b'],
    ['absolute', '/a', '/b'],
    ['ending in colons', '//s/a:', 'b:'],
    ['on one drive', 'c:a', 'c:b'],
    ['below a long share', `//s/${'a'.repeat(300_000)}`, '/b'],
  ] as const) {
    test.serial(`hostile: a ${kind} of many parts, ${title}, takes a time in proportion`, async (t) => {
      const parts = pickle('(', text(first), pickle(text(part), 'q', 0), 'h\0'.repeat(300_000), 't')
      const started = busy()
      t.truthy(await receive(t, pickle(global('pathlib', kind), parts, 'R.')))
      t.true(busy() - started < SOON)
    })
  }
}

for (const [title, open, close] of [
  ['a float in text', 'F', 'x\n.'],
  ['a Decimal', 'cdecimal\nDecimal\n(V', 'x\ntR.'],
] as const) {
  test.serial(`hostile: ${title} of a million digits and no number takes a time in proportion`, async (t) => {
    const started = busy()
    await t.throwsAsync(() => receive(t, pickle(open, '1'.repeat(1_000_000), close)), { code: 'ERR_CAROM_DECODE' })
    t.true(busy() - started < SOON)
  })
}

test('hostile: many dicts that are in two places before they turn out to be Maps are Maps in both', async (t) => {
  const dict = (n: number): Buffer => pickle('}r', uint32(n), ']', 'j', uint32(n), 'a0', 'j', uint32(n), 'K\x01Ns')
  const value = (await receive(t, pickle('](', ...Array.from({ length: 5000 }, (_, n) => dict(n)), 'e.'))) as unknown[]
  t.true(value.every((item) => item instanceof Map))
})

test.serial('hostile: a large dict that turns out to be a Map again and again becomes one once', async (t) => {
  const count = 20_000
  const keys = Array.from({ length: count }, (_, n) => pickle(name(String(n)), 'N'))
  const started = busy()
  const value = await receive(t, pickle('}(', ...keys, 'u', '2'.repeat(count), 'K\x01Ns0'.repeat(count), '.'))
  t.is((value as Map<unknown, unknown>).size, count + 1)
  t.true(busy() - started < SOON)
})

test('hostile: keys that JavaScript has a use for become own properties', async (t) => {
  const keys = ['__proto__', 'constructor', 'prototype', 'hasOwnProperty', 'toString', 'valueOf', '__defineGetter__']
  const items = keys.flatMap((key) => [name(key), pickle('}', name('polluted'), 0x88, 's')])
  for (const bytes of [pickle('}(', ...items, 'u.'), pickle('(', ...items, 'd.')]) {
    const value = (await receive(t, bytes)) as Record<string, unknown>
    t.deepEqual(Object.keys(value), keys)
    t.is(Object.getPrototypeOf(value), Object.prototype)
  }
  t.is(({} as { polluted?: unknown }).polluted, undefined)
})

test('hostile: a state of an exception stays apart from it', async (t) => {
  const state = pickle('}(', name('__proto__'), '}', name('stack'), 'N', name('message'), 'N', 'u')
  const bytes = pickle(global('builtins', 'ValueError'), name('a'), 0x85, 'R', state, 'b.')
  const error = (await receive(t, bytes)) as Error
  t.is(error.message, 'a')
  t.true(error instanceof Error)
})

/** Everything that a pollution would touch. */
function prototypes(): unknown[] {
  return [Object, Array, Map, Set, Date, Error, Buffer, Uint8Array, Function, String, Number, BigInt].flatMap(
    (type) => {
      const prototype = type.prototype as object
      const properties = Reflect.ownKeys(prototype).flatMap((key) => {
        const { value, get, set } = Object.getOwnPropertyDescriptor(prototype, key)!
        return [key, value, get, set] as unknown[]
      })
      return [Object.getPrototypeOf(prototype) as unknown, ...properties]
    },
  )
}

const OPCODES = [
  ...'(.012IJKLMNPQRSTUVXabcdeghijloqrstup}]GFBC)'.split('').map((letter) => letter.charCodeAt(0)),
  ...Array.from({ length: 0x18 }, (_, n) => 0x80 + n),
]
const piece = fc.oneof(
  { weight: 10, arbitrary: fc.constantFrom(...OPCODES).map((opcode) => pickle(opcode)) },
  { weight: 3, arbitrary: fc.nat(8).map((slot) => pickle('h', slot)) },
  { weight: 3, arbitrary: fc.constantFrom('__proto__', 'int', 'a', 'd').map(name) },
  { weight: 2, arbitrary: fc.nat(255).map((value) => pickle('K', value)) },
  { weight: 2, arbitrary: fc.constantFrom(pickle(')', 'R'), pickle(0x85, 'R'), pickle(0x86, 'R'), pickle('}b')) },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom(
        ['builtins', 'ValueError'],
        ['builtins', 'bytearray'],
        ['builtins', 'set'],
        ['collections', 'OrderedDict'],
        ['datetime', 'datetime'],
        ['datetime', 'timedelta'],
        ['datetime', 'timezone'],
        ['uuid', 'UUID'],
        ['pathlib', 'PurePath'],
        ['array', 'array'],
        ['numpy', 'dtype'],
        ['numpy._core.multiarray', '_reconstruct'],
        ['os', 'system'],
      )
      .map(([module, type]) => global(module!, type!)),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)) },
)

const inputs: [string, fc.Arbitrary<Buffer>][] = [
  ['bytes', fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes))],
  ['opcodes', fc.array(piece, { maxLength: 40 }).map((pieces) => pickle(...pieces, '.'))],
]

for (const [kind, arbitrary] of inputs) {
  test.serial(
    `hostile: any ${kind} are a value or a DecodeError, at once, and leave every prototype as it was`,
    async (t) => {
      const ends = pair(t, { codec: 'pickle' })
      const before = prototypes()
      await fc.assert(
        fc.asyncProperty(arbitrary, async (bytes) => {
          const started = busy()
          const error: unknown = await receiveOn(ends, bytes).then(
            () => undefined,
            (reason: unknown) => reason,
          )
          const elapsed = busy() - started
          return elapsed < SOON && (error === undefined || (error as { code?: string }).code === 'ERR_CAROM_DECODE')
        }),
        { numRuns: 3000 },
      )
      const after = prototypes()
      t.is(after.length, before.length)
      for (const [n, value] of after.entries()) if (!Object.is(value, before[n])) t.fail(String(before[n]))
    },
  )
}

test('hostile: a pickle with any byte changed, or cut anywhere, is a value or a DecodeError', async (t) => {
  const ends = pair(t, { codec: 'pickle' })
  const [a, b] = ends
  await a.send([
    1,
    -70_000,
    2n ** 70n,
    1.5,
    'a',
    'é',
    { k: new Map([[1, new Set([2])]]) },
    new Date(0),
    new TypeError('x'),
  ])
  const whole = await b.recvBytes()
  for (let at = 0; at < whole.length; at++) {
    for (const bytes of [
      whole.subarray(0, at),
      ...[0x00, 0x28, 0x2e, 0x80, 0xff].map((byte) => changed(whole, at, byte)),
    ]) {
      try {
        await receiveOn(ends, bytes)
      } catch (error) {
        t.is((error as { code?: string }).code, 'ERR_CAROM_DECODE')
      }
    }
  }
  t.pass()
})

function changed(bytes: Buffer, at: number, byte: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = byte
  return copy
}
