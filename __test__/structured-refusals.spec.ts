import vm from 'node:vm'
import test from 'ava'
import { connect, type Connection, EncodeError, Handle, Listener, pipe } from 'carom'
import { Readable, Writable } from 'node:stream'
import { checkDescriptors } from './descriptors.ts'
import { pair } from './pairs.ts'

checkDescriptors(test)

const detached = new ArrayBuffer(4)
const viewOfDetached = new Uint8Array(detached)
structuredClone(detached, { transfer: [detached] })

function outOfBounds(): Uint8Array {
  const Resizable = ArrayBuffer as unknown as new (
    size: number,
    options: object,
  ) => ArrayBuffer & { resize(size: number): void }
  const memory = new Resizable(8, { maxByteLength: 8 })
  const view = new Uint8Array(memory, 4, 4)
  memory.resize(2)
  return view
}

/** Classes for which TypeScript has typings only in browsers. */
function webAssemblyMemory(): unknown {
  const { Memory } = (globalThis as unknown as { WebAssembly: { Memory: new (options: object) => object } }).WebAssembly
  return new Memory({ initial: 1 })
}

class Tagged {
  readonly x = 1
  get [Symbol.toStringTag](): string {
    return 'Tagged'
  }
}

// oxlint-disable-next-line unicorn/consistent-function-scoping
function argumentsOf(..._given: unknown[]): unknown {
  // oxlint-disable-next-line prefer-rest-params
  return arguments
}

const refused: [string, unknown, RegExp][] = [
  ["a function's arguments", argumentsOf(1, 2), /a function's arguments can't be sent/],
  ["a function's arguments, of which there are none", argumentsOf(), /a function's arguments can't be sent/],
  ['a function', () => {}, /a function can't be sent/],
  ['a symbol', Symbol('s'), /a symbol can't be sent/],
  ['a boxed symbol', Object(Symbol('s')), /a symbol can't be sent/],
  ['a promise', Promise.resolve(), /a Promise can't be sent: await it/],
  ['a WeakMap', new WeakMap(), /a WeakMap can't be sent/],
  ['a WeakSet', new WeakSet(), /a WeakSet can't be sent/],
  ['a WeakRef', new WeakRef({}), /a WeakRef can't be sent/],
  ['a generator', (function* () {})(), /a generator can't be sent/],
  ['an async generator', (async function* () {})(), /a generator can't be sent/],
  ['an iterator of an array', [1].values(), /an Array Iterator can't be sent/],
  ['an iterator of a Map', new Map().keys(), /a Map Iterator can't be sent/],
  ['a readable stream of Node', Readable.from(['x']), /a stream can't be sent/],
  ['a writable stream of Node', new Writable(), /a stream can't be sent/],
  ['a ReadableStream', new ReadableStream(), /a ReadableStream can't be sent/],
  ['a Blob', new Blob(['x']), /a Blob can't be sent/],
  ['a SharedArrayBuffer', new SharedArrayBuffer(4), /a SharedArrayBuffer can't be sent/],
  [
    'a view of a SharedArrayBuffer',
    new Uint8Array(new SharedArrayBuffer(4)),
    /a view of a SharedArrayBuffer can't be sent/,
  ],
  [
    'a DataView of a SharedArrayBuffer',
    new DataView(new SharedArrayBuffer(4)),
    /a view of a SharedArrayBuffer can't be sent/,
  ],
  ['a detached ArrayBuffer', detached, /a detached ArrayBuffer can't be sent/],
  ['a view of one', viewOfDetached, /a view of detached or shrunk memory can't be sent/],
  ['a view beyond the end of its memory', outOfBounds(), /a view of detached or shrunk memory can't be sent/],
  ['a WebAssembly.Memory', webAssemblyMemory(), /a WebAssembly.Memory can't be sent/],
  ['an AbortSignal', new AbortController().signal, /an AbortSignal can't be sent/],
  ['a MessagePort', new MessageChannel().port1, /an? (?:MessagePort|EventTarget) can't be sent/],
  ['the global object', globalThis, /can't be sent/],
  ['Math', Math, /a Math can't be sent/],
  ['an Intl object', new Intl.NumberFormat(), /an Intl.NumberFormat can't be sent/],
  ['a class with a tag of its own', new Tagged(), /a Tagged can't be sent/],
  ['an object with a tag of its own', { x: 1, [Symbol.toStringTag]: 'Odd' }, /an Odd can't be sent/],
  ['an object that says it is a Map', { [Symbol.toStringTag]: 'Map' }, /says that it is a Map and is none/],
  ['a proxy of a Map', new Proxy(new Map(), {}), /says that it is a Map and is none/],
  ['a proxy of a Date', new Proxy(new Date(), {}), /a proxy of a Date can't be sent/],
  [
    'a proxy of an error with fields',
    new Proxy(Object.assign(new Error('e'), { code: 'E' }), {}),
    /a proxy of an Error can't be sent/,
  ],
  ['a proxy of a typed array', new Proxy(Buffer.from('ab'), {}), /a proxy of a typed array can't be sent/],
  ['a proxy of a function', new Proxy(() => {}, {}), /a function can't be sent/],
  ['a promise of another realm', vm.runInNewContext('Promise.resolve()'), /a Promise can't be sent/],
  [
    'a promise that has lost its prototype',
    Object.setPrototypeOf(Promise.resolve(), Object.prototype),
    /a Promise can't be sent/,
  ],
]

for (const [what, value, message] of refused) {
  test(`${what} is refused, at its place`, (t) => {
    const [a, b] = pair(t)
    const expected = { instanceOf: EncodeError, code: 'ERR_CAROM_ENCODE' }
    t.throws(() => a.sendSync(value), { ...expected, message })
    const error = t.throws(() => a.sendSync({ list: [0, { 'odd name': value }] }), { ...expected, message })
    t.regex(error.message, /list\[1\]\["odd name"\]: /)
    a.sendSync('next')
    t.is(b.recvSync(), 'next')
    t.is(a.stats.messagesSent, 1)
  })
}

test('a Map that has lost its prototype is still a Map', (t) => {
  const [a, b] = pair(t)
  a.sendSync([Object.setPrototypeOf(new Map([[1, 2]]), Object.prototype), Object.setPrototypeOf(new Set([3]), null)])
  t.deepEqual(b.recvSync(), [new Map([[1, 2]]), new Set([3])])
})

const places: [string, unknown, string][] = [
  ['in an array of objects', { server: { plugins: [{}, { onLoad() {} }] } }, 'server.plugins[1].onLoad'],
  ['under a text in a Map', { cache: new Map([['k', { f() {} }]]) }, 'cache.get("k").f'],
  ['as a value of a Map', new Map([[7, () => {}]]), '.get(7)'],
  ['in a key of a Map', { m: new Map([[1, 1], [{ f() {} }, 2] as never]) }, 'm.keys()[1].f'],
  ['in a Set', { tags: new Set([1, { f() {} }]) }, 'tags.values()[1].f'],
  ['far in a sparse array', { far: Object.assign([], { 5000: () => {} }) }, 'far[5000]'],
  [
    'in an object with many names',
    Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`n${n}`, n === 150 ? Symbol('s') : n])),
    'n150',
  ],
  [
    'in an instance of a class',
    new (class {
      inner = { f() {} }
    })(),
    'inner.f',
  ],
  ['deeper than is allowed', deep(1100), 'd.d.d'],
]

test('the place of a refused value is named as a program would write it', (t) => {
  const [a] = pair(t)
  // Also when there is code for the shapes.
  for (let n = 0; n < 40; n++) {
    for (const [what, value, place] of places) {
      const error = t.throws(() => a.sendSync(value), { instanceOf: EncodeError })
      t.true(error.message.includes(place.replace(/^\./, '')), `${what}: ${error.message}`)
    }
  }
})

function deep(levels: number): unknown {
  let value: unknown = 1
  for (let n = 0; n < levels; n++) value = { d: value }
  return value
}

test('objects a thousand deep arrive, and deeper ones are refused before anything is sent', (t) => {
  const [a, b] = pair(t)
  a.sendSync(deep(1000))
  let met = 0
  for (let value = b.recvSync(); typeof value === 'object'; value = (value as { d: unknown }).d) met++
  t.is(met, 1000)
  for (const levels of [1001, 100_000])
    t.throws(() => a.sendSync(deep(levels)), { instanceOf: EncodeError, message: /deeper than 1000/ })
  t.is(a.stats.messagesSent, 1)
})

test('an error thrown by a getter is the cause, and the next message is unharmed, whatever its shape', (t) => {
  const [a, b] = pair(t)
  const thrown = new Error('by a getter')
  for (let n = 0; n < 40; n++) {
    const bad = {
      a: { x: 1 },
      b: [{ y: 2 }],
      get c(): never {
        throw thrown
      },
    }
    t.is(t.throws(() => a.sendSync([{ x: 1 }, bad]), { instanceOf: EncodeError }).cause, thrown)
    a.sendSync([{ x: n }, { y: 2 }])
    t.deepEqual(b.recvSync(), [{ x: n }, { y: 2 }])
  }
})

test('an error that a getter or a proxy throws is reported with the place of its object', (t) => {
  const [a] = pair(t)
  const thrown = new RangeError('thrown there')
  const fails = (): never => {
    throw thrown
  }
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  for (const [value, message] of [
    [{ list: [0, Object.defineProperty({}, 'x', { get: fails, enumerable: true })] }, /list\[1\]: thrown there/],
    [{ map: new Map([['k', new Proxy({ x: 1 }, { get: fails })]]) }, /map(?:\.get\("k"\))?: thrown there/],
    [{ deep: { proxy } }, /deep: .*revoked/],
  ] as const) {
    const error = t.throws(() => a.sendSync(value), { instanceOf: EncodeError, message })
    if (!message.source.includes('revoked')) t.is(error.cause, thrown)
  }
})

test('big integers that collide are refused at the sender, not at the receiver', (t) => {
  const [a, b] = pair(t)
  const alike = (count: number): Set<bigint> => new Set(Array.from({ length: count }, (_, n) => BigInt(n + 1) << 64n))
  t.throws(() => a.sendSync({ ids: alike(300) }), { instanceOf: EncodeError, message: /ids.*same hash/ })
  a.sendSync(alike(256))
  t.deepEqual(b.recvSync(), alike(256))
})

test('an end whose codec is another than that of its carrier is refused, at its place', async (t) => {
  const [a] = pair(t)
  const [mine, other] = pair(t, { codec: 'json' })
  const error = await t.throwsAsync(() => a.send({ reply: { end: other } }), { instanceOf: EncodeError })
  t.regex(error!.message, /reply\.end: a connection with the codec 'json' can't go by one with the codec 'structured'/)
  t.false(other.closed)
  void mine
})

test('a connection, a listener and a Handle arrive inside any value', async (t) => {
  const [a, b] = pair(t)
  const [here, there] = pipe()
  const listener = new Listener()
  await a.send({ map: new Map([['end', there]]), list: [listener, { handle: new Handle(here.fd) }], again: listener })
  const received = (await b.recv()) as {
    map: Map<string, Connection>
    list: [Listener, { handle: Handle }]
    again: Listener
  }
  const end = received.map.get('end')!
  await here.send('through')
  t.is(await end.recv(), 'through')
  t.is(received.list[0], received.again)
  const [client, accepted] = await Promise.all([connect(listener.address), received.again.accept()])
  for (const each of [end, here, client, accepted]) await each.close()
  received.list[1].handle.close()
  await received.again.close()
  await listener.close()
})
