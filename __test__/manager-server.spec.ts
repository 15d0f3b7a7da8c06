import test, { type ExecutionContext } from 'ava'
import { type Address, connect, type Connection, ConnectionClosedError, EOFError } from 'carom'
import { call, currentCall } from 'carom/calls'
import { connectManager, ManagerServer, type ManagerServerOptions } from 'carom/managers'
import { pickle, PythonError, PythonObject, PythonTuple } from 'carom/python'
import { startProgram, wellWith } from './children.ts'
import { checkDescriptors } from './descriptors.ts'
import { interpreters } from './interpreters.ts'
import { asClient, KEY, PATIENT } from './python-managers.ts'
import { until } from './until.ts'

const pythons = await interpreters()
const newest = pythons.at(-1)!.path
checkDescriptors(test)

class Base {
  inherited(): number {
    return 1
  }
}

class Model extends Base {
  readonly #weight: number
  readonly data = 5

  constructor(weight = 1) {
    super()
    this.#weight = weight
  }

  predict(x: number): number {
    return x * this.#weight
  }

  identity(value: unknown): unknown {
    return value
  }

  isMe(other: unknown): boolean {
    return other === this
  }

  fail(): never {
    throw new RangeError('too far')
  }

  failWith(name: string): never {
    throw new PythonError(name, ['k', 1], 'k')
  }

  failOddly(): never {
    throw 'text'
  }

  unsendable(): unknown {
    return () => 1
  }

  later(): Promise<number> {
    return Promise.resolve(42)
  }

  _hidden(): number {
    return 1
  }

  get accessor(): number {
    return 1
  }
}

const shared = new Model(7)

function serving(t: ExecutionContext, options: Partial<ManagerServerOptions> = {}, address?: Address): ManagerServer {
  const server = new ManagerServer(address, {
    ...PATIENT,
    objects: {
      model: (weight?: number) => new Model(weight),
      get_shared: () => shared,
      broken: () => {
        throw new Error('can’t be made')
      },
      later: () => Promise.resolve(new Model(2)),
      nothing: () => null,
    },
    ...options,
  })
  t.teardown(() => server.close())
  return server
}

for (const { name, path } of pythons) {
  for (const family of ['unix', 'tcp'] as const) {
    test(`${name}, ${family}: a Python client makes objects and calls their methods`, async (t) => {
      const server = serving(t, {}, family === 'tcp' ? { host: '127.0.0.1', port: 0 } : undefined)
      const out = await asClient(
        t,
        path,
        server.address,
        `
        x, y = m.model(3), m.later()
        out += [x.predict(2), y.predict(2), x.later(), x.identity({'a': [1, None, 'b']})]
        out += [sorted(x._exposed_), m._number_of_objects(), 'refcount=1' in m._debug_info(), str(x)]
        `,
      )
      t.deepEqual(out, [
        6,
        4,
        42,
        { a: [1, null, 'b'] },
        ['fail', 'failOddly', 'failWith', 'identity', 'isMe', 'later', 'predict', 'unsendable'],
        2,
        true,
        '<model object of a carom ManagerServer>',
      ])
      await until(() => server.numberOfObjects === 0, 'the references are not given back')
    })
  }

  test(`${name}: an error of a method, and a call that can’t be done, are raised in Python`, async (t) => {
    const server = serving(t)
    const out = (await asClient(
      t,
      path,
      server.address,
      `
      x = m.model()
      out += [raised(x.fail), raised(x.failWith, 'KeyError'), raised(x.failWith, 'IndexError'), raised(x.failOddly)]
      out += [raised(x.unsendable), raised(x.predict, 1, scale=2), raised(x.predict, object()), raised(m.broken)]
      out += [raised(m.nothing), raised(m.model, weight=1), raised(x._callmethod, '_hidden')]
      out += [raised(x._callmethod, name) for name in ('constructor', 'inherited', 'accessor', 'data', '__proto__', 'toString', '#GETVALUE')]
      out += [x.predict(5)]
      `,
    )) as [string, string][]
    const expected: [string, RegExp][] = [
      ['Exception', /^RangeError: too far$/],
      ['KeyError', /k/],
      ['IndexError', /k/],
      ['Exception', /^text$/],
      ['RemoteError', /Unserializable.*function/],
      ['TypeError', /no arguments by name/],
      ['RemoteError', /can't be decoded/],
      ['RemoteError', /can’t be made/],
      ['RemoteError', /objects\.nothing returned null/],
      ['RemoteError', /no arguments by name/],
      ...Array.from({ length: 8 }, (): [string, RegExp] => ['RemoteError', /AttributeError: 'model' has no method/]),
    ]
    for (const [n, [kind, text]] of expected.entries()) {
      t.is(out[n]![0], kind, String(n))
      t.regex(out[n]![1], text)
      t.notRegex(out[n]![1], /manager-server\.spec|\.cjs/, 'no stack is shown')
    }
    t.is(out[expected.length] as unknown, 5)
  })

  test(`${name}: an object that is there already is shared, and a proxy in the arguments is the object itself`, async (t) => {
    const server = serving(t)
    const out = await asClient(
      t,
      path,
      server.address,
      `
      a, b, x = m.get_shared(), m.get_shared(), m.model()
      out += [a._id == b._id, a.isMe(b), a.isMe(x), a.isMe({'a': 1}), m._number_of_objects()]
      del a
      gc.collect()
      out += [b.predict(1), m._number_of_objects()]
      del b, x
      gc.collect()
      out += [m._number_of_objects()]
      `,
    )
    t.deepEqual(out, [true, true, false, false, 2, 7, 2, 0])
  })

  test(`${name}: threads call at once, and a client has so many objects and no more`, async (t) => {
    const server = serving(t, { objectsPerClient: 5 })
    const out = (await asClient(
      t,
      path,
      server.address,
      `
      x = m.model(2)
      threads = [threading.Thread(target=lambda: out.append(sum(x.predict(i) for i in range(20)))) for _ in range(20)]
      for each in threads: each.start()
      for each in threads: each.join()
      kept = [m.model() for _ in range(4)]
      out += [raised(m.model)]
      del kept
      gc.collect()
      out += [m.model().predict(1), raised(connected().shutdown) if hasattr(m, 'shutdown') else None]
      `,
    )) as unknown[]
    t.deepEqual(
      out.slice(0, 20),
      Array.from({ length: 20 }, () => 380),
    )
    t.regex((out[20] as string[])[1]!, /BusyError: this client has 5 objects/)
    t.is(out[21], 1)
  })
}

test('a client in Node has the same, of another server of carom’s', async (t) => {
  const server = serving(t)
  const manager = await connectManager(server.address, PATIENT)
  t.teardown(() => manager.close())
  const model = await manager.create<Model>('model', [3])
  t.is(await model.predict(2), 6)
  t.true(await model.isMe(model))
  await t.throwsAsync(async () => model.fail(), { instanceOf: PythonError, message: /RangeError: too far/ })
  await t.throwsAsync(async () => call(model, 'predict', [1], { kwargs: { x: 1 } }), {
    instanceOf: PythonError,
    name: 'TypeError',
  })
  t.is(await manager.numberOfObjects(), 1)
  t.regex(await manager.debugInfo(), /refcount=1/)
  await model[Symbol.asyncDispose]()
  t.is(server.numberOfObjects, 0)
})

test('a client that was killed gives its references back by that', async (t) => {
  const server = serving(t, { objectsPerClient: 3 })
  const manager = await connectManager(server.address, PATIENT)
  t.teardown(() => manager.close())
  const mine = await manager.create('get_shared')
  const killed = `
    kept = [m.model(), m.model(), m.get_shared()]
    kept[0].predict(1)
    print(json.dumps(m._number_of_objects()), flush=True)
    import os
    os._exit(0)
    `
  t.is(await asClient(t, newest, server.address, killed), 3)
  // An object that somebody else refers to is kept.
  await until(async () => (await manager.numberOfObjects()) === 1, 'its references are not given back')
  t.is(await mine['predict']!(1), 7)
  await mine[Symbol.asyncDispose]()
  t.is(server.numberOfObjects, 0)
})

test('shutdown is refused unless it is allowed', async (t) => {
  const server = serving(t)
  const manager = await connectManager(server.address, PATIENT)
  await t.throwsAsync(() => manager.shutdown(), { instanceOf: PythonError, message: /allowShutdown/ })
  await manager.close()
  const other = serving(t, { allowShutdown: true })
  const client = await connectManager(other.address, PATIENT)
  await client.shutdown()
  await t.throwsAsync(() => connectManager(other.address, PATIENT))
})

test('a call’s signal is aborted when its client goes, and when the server is closed', async (t) => {
  const signals: AbortSignal[] = []
  class Waiter {
    wait(): Promise<void> {
      signals.push(currentCall()!.signal)
      return new Promise(() => {})
    }
  }
  const server = serving(t, { objects: { waiter: () => new Waiter() } })
  const manager = await connectManager(server.address, PATIENT)
  t.teardown(() => manager.close())
  const waiter = await manager.create<Waiter>('waiter')
  const first = new AbortController()
  const given = t.throwsAsync(async () => call(waiter, 'wait', [], { signal: first.signal }))
  await until(() => signals.length === 1, 'the call does not arrive')
  first.abort(new Error('enough'))
  await given
  await until(() => signals[0]!.aborted, 'the signal is not aborted')
  const pending = t.throwsAsync(async () => waiter.wait(), { instanceOf: EOFError })
  await until(() => signals.length === 2, 'the call does not arrive')
  await server.close()
  await server.close()
  t.true(signals[1]!.reason instanceof ConnectionClosedError)
  await pending
})

test('a key is required, and so are functions that make objects', (t) => {
  const objects = { model: () => new Model() }
  for (const authkey of [undefined, null, '']) {
    t.throws(() => new ManagerServer(undefined, { authkey, objects } as never), {
      instanceOf: TypeError,
      message: /authkey/,
    })
  }
  t.throws(() => new ManagerServer(undefined, { objects } as never), { instanceOf: TypeError, message: /authkey/ })
  t.throws(() => new ManagerServer(undefined, undefined as never), { instanceOf: TypeError })
  t.throws(() => new ManagerServer(undefined, { authkey: KEY } as never), { instanceOf: TypeError, message: /objects/ })
  t.throws(() => new ManagerServer(undefined, { authkey: KEY, objects: { a: 1 } } as never), { message: /objects\.a/ })
  t.throws(() => new ManagerServer(undefined, { authkey: KEY, object: objects } as never), {
    message: /did you mean 'objects'/,
  })
})

const tuple = PythonTuple.of<unknown>
const loose = pickle({ forward: true, unknown: 'object' })

/** A connection as a hostile client with the key would use it. */
async function enemy(t: ExecutionContext, server: ManagerServer): Promise<Connection> {
  const connection = await connect(server.address, { ...PATIENT, codec: loose })
  t.teardown(() => connection.destroy())
  return connection
}

async function asked(t: ExecutionContext, server: ManagerServer, request: unknown): Promise<unknown[]> {
  const connection = await enemy(t, server)
  await connection.send(request)
  return (await connection.recv()) as unknown[]
}

test('malformed requests, and those for missing objects, are answered with the reason and do no harm', async (t) => {
  const server = serving(t)
  const wrong: [unknown, RegExp][] = [
    [null, /malformed/],
    [5, /malformed/],
    [tuple(), /malformed/],
    [tuple(null, 'dummy', tuple()), /tuple of four/],
    [tuple(1, 'dummy', tuple(), {}), /id of the object/],
    [tuple(null, 5, tuple(), {}), /name of the method/],
    [tuple(null, 'dummy', 5, {}), /no tuple/],
    [tuple(null, 'dummy', tuple(), 5), /no dict/],
    [tuple(null, 'dummy', tuple(), new Map([[1, 2]])), /no dict/],
    [tuple(null, '__init__', tuple(), {}), /unrecognized/],
    [tuple(null, 'constructor', tuple(), {}), /unrecognized/],
    [tuple(null, 'create', tuple(), {}), /no type/],
    [tuple(null, 'create', tuple('__proto__'), {}), /no type '__proto__'/],
    [tuple(null, 'create', tuple(['model']), {}), /no type/],
    [tuple(null, 'incref', tuple(), {}), /says no object/],
    [tuple(null, 'incref', tuple('12'), {}), /no object with the id '12'/],
    [tuple(null, 'decref', tuple('0'), {}), /no object/],
    [
      tuple(null, 'get_methods', tuple(new PythonObject('multiprocessing.managers', 'Token', ['a', 'b', 'c'])), {}),
      /no object/,
    ],
    [
      tuple(null, 'get_methods', tuple(new PythonObject('multiprocessing.managers', 'Token', [1])), {}),
      /invalid token/,
    ],
    [tuple(null, 'dummy', tuple(new PythonObject('os', 'system', ['true'])), {}), /os\.system/],
  ]
  for (const [request, reason] of wrong) {
    const [kind, text] = await asked(t, server, request)
    t.is(kind, '#TRACEBACK')
    t.regex(text as string, reason)
  }
  const garbage = await enemy(t, server)
  await garbage.sendBytes(Buffer.from('no pickle at all'))
  t.is(((await garbage.recv()) as unknown[])[0], '#TRACEBACK')
  t.deepEqual(Array.from(await asked(t, server, tuple(null, 'dummy', tuple(), {}))), ['#RETURN', null])
  t.is(server.numberOfObjects, 0)
})

test('references are given back no more often than they were taken', async (t) => {
  const server = serving(t)
  const [, made] = await asked(t, server, tuple(null, 'create', tuple('model'), {}))
  const [id] = made as [string]
  t.is((await asked(t, server, tuple(null, 'incref', tuple(id), {})))[0], '#RETURN')
  t.is((await asked(t, server, tuple(null, 'decref', tuple(id), {})))[0], '#RETURN')
  t.is(server.numberOfObjects, 1)
  t.is((await asked(t, server, tuple(null, 'decref', tuple(id), {})))[0], '#RETURN')
  t.is(server.numberOfObjects, 0)
  t.is((await asked(t, server, tuple(null, 'decref', tuple(id), {})))[0], '#TRACEBACK')
})

test('a connection that calls methods survives a message that can’t be decoded, and ends at one that is no request', async (t) => {
  const server = serving(t)
  const [, made] = await asked(t, server, tuple(null, 'create', tuple('model', 2), {}))
  const [id] = made as [string]
  const connection = await enemy(t, server)
  await connection.send(tuple(null, 'accept_connection', tuple('MainThread'), {}))
  t.is(((await connection.recv()) as unknown[])[0], '#RETURN')
  const ask = async (request: unknown): Promise<unknown[]> => {
    await connection.send(request)
    return (await connection.recv()) as unknown[]
  }
  t.is((await ask(tuple(id, 'predict', tuple(new PythonObject('os', 'system', ['true'])), {})))[0], '#TRACEBACK')
  t.deepEqual(Array.from(await ask(tuple(id, 'predict', tuple(4), {}))), ['#RETURN', 8])
  t.is((await ask(tuple('0', 'predict', tuple(4), {})))[0], '#TRACEBACK')
  t.is((await ask(tuple(null, 'create', tuple('model'), {})))[0], '#TRACEBACK')
  // Requests that come all at once are answered one after the other.
  for (let n = 0; n < 1000; n++) void connection.send(tuple(id, 'predict', tuple(n), {}))
  for (let n = 0; n < 1000; n++) t.is(((await connection.recv()) as unknown[])[1], 2 * n)
  t.is((await ask('nonsense'))[0], '#TRACEBACK')
  await t.throwsAsync(() => connection.recv(), { instanceOf: EOFError })
})

test('no more connections than the limit are open', async (t) => {
  const server = serving(t, { connections: 3 })
  const silent = await Promise.all([enemy(t, server), enemy(t, server), enemy(t, server)])
  // Whether it sees that before it is through with its handshake, or after it, is chance.
  await t.throwsAsync(async () => (await enemy(t, server)).recv(), { code: 'ERR_CAROM_EOF' })
  silent[0]!.destroy()
  await until(async () => {
    try {
      return (await asked(t, server, tuple(null, 'dummy', tuple(), {})))[0] === '#RETURN'
    } catch {
      return false
    }
  }, 'nobody takes the place of one that is gone')
})

test.serial('a client that proves the key and asks nothing is sent away', async (t) => {
  const server = serving(t, { handshakeTimeout: 2000 })
  await t.throwsAsync(async () => (await enemy(t, server)).recv(), { code: 'ERR_CAROM_EOF' })
})

test('thousands of objects are refused beyond the limit, and an object that can’t be made is not counted', async (t) => {
  const server = serving(t, { objectsPerClient: 20 })
  const kinds: unknown[] = []
  for (let n = 0; n < 60; n++) {
    const type = n % 2 === 0 ? 'broken' : 'model'
    kinds.push((await asked(t, server, tuple(null, 'create', tuple(type), {})))[0])
  }
  t.is(server.numberOfObjects, 20)
  t.is(kinds.filter((kind) => kind === '#RETURN').length, 20)
  const at = await Promise.all(
    Array.from({ length: 30 }, () => asked(t, server, tuple(null, 'create', tuple('later'), {}))),
  )
  t.true(at.every(([kind]) => kind === '#TRACEBACK'))
})

test('a program ends although it serves, where the server is unreferenced, and although a manager is not closed', async (t) => {
  const program = `
    const { connectManager, ManagerServer } = require('carom/managers')
    class Model { identity(x) { return x } }
    const server = new ManagerServer(undefined, { authkey: 'key', objects: { model: () => new Model() } }).unref()
    connectManager(server.address, { authkey: 'key', handshakeTimeout: 120000 }).then(async (manager) => {
      globalThis.kept = [manager, await manager.create('model')]
      console.log(await kept[1].identity('done'))
    })`
  t.like(await startProgram(t, process.execPath, ['-e', program]).ended, wellWith('done\n'))
  const server = serving(t)
  t.is(server.unref(), server)
  t.is(server.ref(), server)
})
