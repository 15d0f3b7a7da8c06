// Messages that no codec wrote. Each may be refused, alone, and nothing else: no crash, no memory beyond its size, no prototype
// changed. Pickles have a file of their own.

import { serialize } from 'node:v8'
import test, { type ExecutionContext } from 'ava'
import { type CodecOption, DecodeError, EncodeError } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { pair } from './pairs.ts'

checkDescriptors(test)

const CODECS = ['structured', 'msgpack', 'json', 'v8', 'pickle'] as const
const DEEP = 100_000
const MiB = 1024 * 1024

const bytes = (...parts: (number | string | Uint8Array)[]): Buffer =>
  Buffer.concat(
    parts.map((part) =>
      typeof part === 'number' ? Buffer.of(part) : typeof part === 'string' ? Buffer.from(part, 'latin1') : part,
    ),
  )
const times = (count: number, ...parts: (number | string | Uint8Array)[]): Buffer =>
  Buffer.alloc(count * bytes(...parts).length, bytes(...parts))
const uint32 = (value: number): Buffer => {
  const four = Buffer.alloc(4)
  four.writeUInt32BE(value)
  return four
}
/** As V8 writes lengths: seven bits a byte. */
const varint = (value: number): Buffer =>
  value < 128 ? Buffer.of(value) : bytes((value % 128) | 128, varint(Math.floor(value / 128)))

const ORDINARY = { text: 'ordinary', list: [1, 2, 3], nested: { yes: true } }

/** Receives `message`, and then an ordinary one, which must be unharmed. */
async function receive(
  t: ExecutionContext,
  codec: CodecOption,
  message: Uint8Array,
): Promise<{ value?: unknown; error?: unknown }> {
  const [a, b] = pair(t, { codec })
  void a.sendBytes(message)
  const outcome = await b.recv().then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  void a.send(ORDINARY)
  t.deepEqual(await b.recv(), ORDINARY)
  return outcome
}

// Depth.

const nest = <T>(around: (inner: T | undefined) => T): T => {
  let value: T | undefined
  for (let n = 0; n < DEEP; n++) value = around(value)
  return value!
}
const NESTED: [title: string, value: unknown][] = [
  ['arrays', nest<unknown[]>((inner) => [inner])],
  ['objects', nest<object>((inner) => ({ inner }))],
]

/** Whether the runtime's own JSON can be this deep: that of Node 26 can, for arrays. */
function isJson(value: unknown): boolean {
  try {
    return JSON.stringify(value) !== undefined
  } catch {
    return false
  }
}

for (const codec of CODECS) {
  for (const [title, value] of NESTED) {
    if (codec === 'json' && isJson(value)) continue
    test(`${codec}: ${title} a hundred thousand deep are an EncodeError, and nothing is sent`, async (t) => {
      const [a, b] = pair(t, { codec })
      await t.throwsAsync(() => a.send(value), { instanceOf: EncodeError })
      t.throws(() => a.sendSync(value), { instanceOf: EncodeError })
      await a.send(ORDINARY)
      t.deepEqual(await b.recv(), ORDINARY)
      t.is(b.stats.messagesReceived, 1)
    })
  }
}

const V8 = bytes(0xff, 0x0f)
const DEEP_MESSAGES: [codec: CodecOption, title: string, message: Buffer][] = [
  ['msgpack', 'arrays', bytes(times(DEEP, 0x91), 0xc0)],
  ['msgpack', 'arrays with long headers', bytes(times(DEEP, 0xdd, uint32(1)), 0xc0)],
  ['msgpack', 'maps', bytes(times(DEEP, 0x81, 0xa1, 'a'), 0xc0)],
  ['msgpack', 'maps as keys', bytes(times(DEEP, 0x81), 0xc0)],
  ['msgpack', 'sets', bytes(times(DEEP, 0xc7, 0, 0x73, 0x91), 0xc0)],
  ['msgpack', 'records', bytes(times(DEEP, 0xd4, 0x72, 0x40, 0x91, 0xa1, 'a'), 0xc0)],
  ['msgpack', 'records where they are expected', inRecords(times(DEEP, 0xd4, 0x72, 0x40, 0x91, 0xa1, 'a'))],
  ['structured', 'arrays', bytes(0xc1, times(DEEP, 0xb1), 0xc0)],
  ['structured', 'arrays with long headers', bytes(0xc1, times(DEEP, 0xd3, 1), 0xc0)],
  ['structured', 'sparse arrays', bytes(0xc1, times(DEEP, 0xd4, 1, 1, 0), 0xc0)],
  ['structured', 'objects', bytes(0xc1, 0xd0, 3, 1, 2, 'a', times(DEEP, 0x80), 0xc0)],
  ['structured', 'objects, each of a new shape', bytes(0xc1, times(DEEP, 0xd0, 3, 1, 2, 'a'), 0xc0)],
  ['structured', 'records', bytes(0xc1, times(DEEP, 0xd2, 1, 0x41, 'a'), 0xc0)],
  ['structured', 'maps', bytes(0xc1, times(DEEP, 0xda, 1, 0), 0xc0)],
  ['structured', 'maps as keys', bytes(0xc1, times(DEEP, 0xda, 1), 0xc0)],
  ['structured', 'sets', bytes(0xc1, times(DEEP, 0xdb, 1), 0xc0)],
  ['structured', 'causes of errors', bytes(0xc1, times(DEEP, 0xe1, 0, 8), 0xc0)],
  ['structured', 'boxed values', bytes(0xc1, times(DEEP, 0xe2), 0)],
  ['structured', 'arrays that are referred to', bytes(0xc1, 0xe7, times(DEEP, 0xb1), 0xe6, 0)],
  ['json', 'arrays', bytes('['.repeat(DEEP), ']'.repeat(DEEP))],
  ['json', 'objects', bytes('{"a":'.repeat(DEEP), '1', '}'.repeat(DEEP))],
  ['v8', 'arrays', bytes(V8, times(DEEP, 'A', 1))],
  ['v8', 'objects', bytes(V8, times(DEEP, 'o"', 1, 'a'), '_', times(DEEP, '{', 1))],
  ['v8', 'maps', bytes(V8, times(DEEP, ';'))],
]

function inRecords(message: Uint8Array): Buffer {
  return bytes(0xc9, uint32(message.length), 0x4d, message)
}

for (const [codec, title, message] of DEEP_MESSAGES) {
  test(`${codec as string}: ${title} a hundred thousand deep are at most an error for that message`, async (t) => {
    const { error } = await receive(t, codec, message)
    if (error !== undefined) t.true(error instanceof DecodeError, String(error))
  })
}

// Claims.

const CLAIMS: [codec: CodecOption, title: string, message: Buffer][] = []
for (const [title, code] of [
  ['an array', 0xdd],
  ['a map', 0xdf],
  ['a text', 0xdb],
  ['bytes', 0xc6],
  ['an extension', 0xc9],
] as const) {
  for (const length of [0xffffffff, 0x7fffffff, 0x01ffffff]) {
    const claim = bytes(code, uint32(length))
    CLAIMS.push(['msgpack', `${title} of ${length}`, claim])
    CLAIMS.push(['msgpack', `a thousand of ${title} of ${length}, one in the other`, times(1000, claim)])
    CLAIMS.push([
      'msgpack',
      `${title} of ${length} in a record`,
      inRecords(bytes(0xd4, 0x72, 0x40, 0x91, 0xa1, 'a', claim)),
    ])
  }
}
for (const type of [0x42, 0x44, 0x4d, 0x43, 0x65, 0x70, 0x69, 0x73, 0x74, 0x78, 0xff, 0x62]) {
  CLAIMS.push(['msgpack', `an empty extension of type ${type}`, bytes(0xc7, 0, type)])
  CLAIMS.push([
    'msgpack',
    `an extension of type ${type} with a long array`,
    bytes(0xc7, 4, type, uint32(0), 0xdd, uint32(0x01ffffff)),
  ])
}
for (const [title, ...head] of [
  ['an array', 0xd3],
  ['a record', 0xd2],
  ['a Map', 0xda],
  ['a Set', 0xdb],
  ['a text', 0xce],
  ['a wide text', 0xcf],
  ['bytes of numbers', 0xd5],
  ['doubles', 0xd8],
  ['an ArrayBuffer', 0xde],
  ['a Buffer', 0xdf],
  ['a view', 0xe0, 2],
  ['a bigint', 0xcd, 0],
  ['a shape', 0xd0],
  ['an object', 0xd1],
  ['a sparse array of elements', 0xd4, 1],
] as const) {
  for (const length of [2 ** 53 - 1, 0xffffffff, 0x7fffffff, 0x01ffffff]) {
    const claim = bytes(...head, varint(length))
    CLAIMS.push(['structured', `${title} of ${length}`, bytes(0xc1, claim)])
    CLAIMS.push([
      'structured',
      `a thousand of ${title} of ${length}, one in the other`,
      bytes(0xc1, times(1000, claim)),
    ])
    CLAIMS.push([
      'structured',
      `arrays that begin as one of ${length} in all, and ${title}`,
      bytes(0xc1, times(900, 0xd3, varint(4000)), claim, times(4000, 0xc0)),
    ])
  }
}
for (const length of [0xffffffff, 0x01ffffff]) {
  CLAIMS.push([
    'structured',
    `a hundred sparse arrays of ${length}`,
    bytes(0xc1, 0xd3, 100, times(100, 0xd4, varint(length), 0)),
  ])
}
// V8 believes the length that a sparse array claims, and so ends the process: its codec is documented for trusted peers only.
for (const [title, tag] of [
  ['a dense array', 'A'],
  ['a text', '"'],
  ['a wide text', 'c'],
  ['an ArrayBuffer', 'B'],
  ['a BigInt', 'Z'],
] as const) {
  for (const length of [0xffffffff, 0x7fffffff, 0x01ffffff]) {
    CLAIMS.push(['v8', `${title} of ${length}`, bytes(V8, tag, varint(length))])
    CLAIMS.push([
      'v8',
      `a hundred of ${title} of ${length}, one in the other`,
      bytes(V8, times(100, tag, varint(length))),
    ])
  }
}

for (const [codec, title, message] of CLAIMS) {
  test.serial(`${codec as string}: ${title} without its contents takes no memory`, async (t) => {
    const before = process.memoryUsage.rss()
    const { error } = await receive(t, codec, message)
    if (error !== undefined) t.true(error instanceof DecodeError, String(error))
    t.true(process.memoryUsage.rss() - before < 64 * MiB, 'memory was taken')
  })
}

test.serial(
  'structured: a value that a message holds many times over is one object, and takes its memory once',
  async (t) => {
    let value: unknown[] = ['lol']
    for (let n = 0; n < 40; n++) value = [value, value]
    const [a, b] = pair(t)
    await a.send(value)
    let received = (await b.recv()) as unknown[]
    for (let n = 0; n < 40; n++) {
      t.is(received[0], received[1])
      received = received[0] as unknown[]
    }
    t.deepEqual(received, ['lol'])
  },
)

// Names.

const NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'hasOwnProperty',
  'toString',
  'valueOf',
  '__defineGetter__',
  'then',
]

/** An object with these own properties, each an object that would change its prototype or another's. */
function named(): Record<string, unknown> {
  return Object.fromEntries(NAMES.map((name) => [name, { polluted: true }]))
}
const entries = (names: string[]): string => names.map((name) => `"${name}":{"polluted":true}`).join(',')
const short = (text: string): Buffer => bytes(0xa0 + text.length, text)
const POLLUTED = bytes(0x81, short('polluted'), 0xc3)

const NAMED: [codec: CodecOption, title: string, message: Buffer][] = [
  ['msgpack', 'in a map', bytes(0x80 + NAMES.length, ...NAMES.flatMap((name) => [short(name), POLLUTED]))],
  [
    'msgpack',
    'in a record',
    bytes(0xd4, 0x72, 0x40, 0x90 + NAMES.length, ...NAMES.map(short), ...NAMES.map(() => POLLUTED)),
  ],
  [
    'msgpack',
    'in a record where it is expected',
    inRecords(bytes(0xd4, 0x72, 0x40, 0x90 + NAMES.length, ...NAMES.map(short), ...NAMES.map(() => 0xc0))),
  ],
  ['msgpack', 'as the kind of an error', bytes(0xd4, 0x65, 0, 0x93, short('__proto__'), short('message'), POLLUTED)],
  [
    'structured',
    'in a shape',
    bytes(
      0xc1,
      0xd0,
      1 + NAMES.length + NAMES.join('').length,
      NAMES.length,
      ...NAMES.map((name) => bytes(2 * name.length, name)),
      ...NAMES.map(() => bytes(0xd2, 1, 0x48, 'polluted', 0xc3)),
    ),
  ],
  [
    'structured',
    'in a record',
    bytes(
      0xc1,
      0xd2,
      NAMES.length,
      ...NAMES.map((name) => bytes(0x40 + name.length, name, 0xd2, 1, 0x48, 'polluted', 0xc3)),
    ),
  ],
  [
    'structured',
    'as fields of an error',
    bytes(
      0xc1,
      0xe1,
      0,
      0,
      NAMES.length,
      ...NAMES.map((name) => bytes(0x40 + name.length, name, 0xd2, 1, 0x48, 'polluted', 0xc3)),
    ),
  ],
  ['json', 'in an object', bytes(`{${entries(NAMES)}}`)],
  ['v8', 'in an object', serialize(named())],
]

for (const [codec, title, message] of NAMED) {
  test(`${codec as string}: names of prototypes ${title} change none`, async (t) => {
    const { value, error } = await receive(t, codec, message)
    if (error !== undefined) t.true(error instanceof DecodeError, String(error))
    t.is((Object.prototype as { polluted?: unknown }).polluted, undefined)
    t.is((Object as { polluted?: unknown }).polluted, undefined)
    if (typeof value === 'object' && value !== null) {
      t.true([Object.prototype, Error.prototype].includes(Object.getPrototypeOf(value) as object))
      t.false('polluted' in value)
    }
  })
}

for (const codec of CODECS) {
  test(`${codec}: an object whose properties have names of prototypes arrives as one that has them`, async (t) => {
    const [a, b] = pair(t, { codec })
    await a.send(named())
    const value = (await b.recv()) as object
    t.is(Object.getPrototypeOf(value), Object.prototype)
    t.false('polluted' in value)
    t.deepEqual(Object.keys(value), NAMES)
    for (const each of Object.values(value)) t.deepEqual(each, { polluted: true })
  })
}
