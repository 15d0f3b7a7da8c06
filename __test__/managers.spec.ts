import test, { type ExecutionContext } from 'ava'
import {
  type Address,
  AuthenticationError,
  type Connection,
  ConnectionClosedError,
  DecodeError,
  EOFError,
  Listener,
  ProtocolError,
  TimeoutError,
} from 'carom'
import { call } from 'carom/calls'
import {
  type AnyManagerProxy,
  connectManager,
  type ConnectManagerOptions,
  type Manager,
  ManagerServer,
} from 'carom/managers'
import { ndarray, PythonError, PythonObject, PythonTuple } from 'carom/python'
import { checkDescriptors } from './descriptors.ts'
import { gc } from './gc.ts'
import { interpreters, virtualEnvironment } from './interpreters.ts'
import { PATIENT, startManager } from './python-managers.ts'
import { until } from './until.ts'

const pythons = await interpreters()
checkDescriptors(test)
const newest = pythons.at(-1)!.path

/** A connection to a manager, which is closed when the test ends. */
async function connected(
  t: ExecutionContext,
  address: Address,
  options: Partial<ConnectManagerOptions> = {},
): Promise<Manager> {
  const manager = await connectManager(address, { ...PATIENT, ...options })
  t.teardown(() => manager.close())
  return manager
}

async function itemsOf(proxy: AsyncIterable<unknown>): Promise<unknown[]> {
  const items = []
  for await (const item of proxy) items.push(item)
  return items
}

for (const { name, path, version } of pythons) {
  for (const family of ['unix', 'tcp'] as const) {
    test(`${name}, ${family}: registered classes are made, and their methods called`, async (t) => {
      const { address } = await startManager(t, path, { family })
      const manager = await connected(t, address)
      const model = await manager.create('model', [2], { bias: 1 })
      t.is(await model['predict']!(3), 7)
      t.is(await call(model, 'predict', [3], { kwargs: { scale: 10 } }), 61)
      const queue = await manager.create('get_queue')
      await queue['put']!('shared')
      t.is(await (await manager.create('get_queue'))['get']!(), 'shared')
    })
  }

  test(`${name}: dicts, lists, arrays, values and namespaces`, async (t) => {
    const manager = await connected(t, (await startManager(t, path)).address)
    const dict = await manager.create('dict', [{ a: 1 }])
    await dict['__setitem__']!('b', [1, 2])
    t.deepEqual(await itemsOf(dict), ['a', 'b'])
    t.is(await dict['__len__']!(), 2)
    t.deepEqual(await manager.getValue(dict), { a: 1, b: [1, 2] })
    const list = await manager.create('list', [[1, 2]])
    await list['append']!(3)
    t.deepEqual(await itemsOf(list), [1, 2, 3])
    const array = await manager.create('Array', ['d', [0.5, 1.5]])
    t.is(await array['__getitem__']!(1), 1.5)
    const value = await manager.create('Value', ['i', 5])
    await value['set']!(6)
    t.is(await value['get']!(), 6)
    const namespace = await manager.create('Namespace', [], { x: 1 })
    await namespace['__setattr__']!('y', 2)
    t.is(await namespace['__getattribute__']!('x'), 1)
    t.is(await namespace['__getattribute__']!('y'), 2)
    t.is(await list['__str__']!(), '[1, 2, 3]')
  })

  test(`${name}: a raised exception is a PythonError, whatever its class`, async (t) => {
    const manager = await connected(t, (await startManager(t, path)).address)
    const queue = await manager.create('Queue', [1])
    await t.throwsAsync(async () => queue['get']!(false), { instanceOf: PythonError, name: 'Empty' })
    await queue['put']!(1)
    await t.throwsAsync(async () => queue['put']!(2, false), { instanceOf: PythonError, name: 'Full' })
    const model = await manager.create('model')
    const fault = (await t.throwsAsync(async () => model['fail']!())) as PythonError
    t.true(fault instanceof PythonError)
    t.is(fault.name, 'OutOfStock')
    t.is(fault.module, '__main__')
    t.deepEqual(fault.args, ['cues', 3])
    t.is(fault.message, "('cues', 3)")
    const opaque = (await t.throwsAsync(async () => model['fail_opaquely']!())) as PythonError
    t.true(opaque.args[0] instanceof PythonObject)
    const unserializable = (await t.throwsAsync(async () => model['unpicklable']!())) as PythonError
    t.is(unserializable.name, 'RemoteError')
    t.regex(unserializable.traceback!, /Traceback[^]*lambda/)
    t.is(await model['predict']!(2), 2, 'the connections are as good as before')
    t.true((await model['opaque']!()) instanceof PythonObject)
    await t.throwsAsync(() => manager.create('nothing'), { instanceOf: PythonError, message: /nothing/ })
    await t.throwsAsync(async () => model['predict']!(), { instanceOf: PythonError, name: 'TypeError' })
  })

  test(`${name}: proxies go and come in arguments and results, and stay the same object`, async (t) => {
    const manager = await connected(t, (await startManager(t, path)).address)
    const [dict, list, model] = await Promise.all(['dict', 'list', 'model'].map((type) => manager.create(type)))
    await list!['append']!(dict)
    await list!['append']!({ deep: [dict] })
    const back = (await list!['__getitem__']!(0)) as AnyManagerProxy
    await back['__setitem__']!('k', 'v')
    t.is(await dict!['get']!('k'), 'v')
    const { deep } = (await list!['__getitem__']!(1)) as { deep: AnyManagerProxy[] }
    t.is(await deep[0]!['get']!('k'), 'v')
    t.is(((await manager.getValue(list!)) as unknown[]).length, 2)
    const namespace = await manager.create('Namespace')
    await list!['append']!(namespace)
    await ((await list!['__getitem__']!(2)) as AnyManagerProxy)['__setattr__']!('x', 1)
    t.is(await namespace['__getattribute__']!('x'), 1)
    // A manager of Python 3.8 takes no proxies of registered classes from anybody: bpo-30256.
    if (version[1] === 8) return
    await list!['append']!(model)
    t.is(await ((await list!['__getitem__']!(3)) as AnyManagerProxy)['predict']!(5), 5)
  })

  test(`${name}: an iterator that stays in the manager is iterated over`, async (t) => {
    const manager = await connected(t, (await startManager(t, path)).address)
    const counter = await manager.create('counter')
    const before = await manager.numberOfObjects()
    {
      const numbers = (await counter['up_to']!(3)) as AnyManagerProxy
      t.is(await manager.numberOfObjects(), before + 1)
      t.deepEqual(await itemsOf(numbers), [0, 1, 2])
      t.deepEqual(await itemsOf(numbers), [])
      await numbers[Symbol.asyncDispose]()
    }
    const dict = await manager.create('dict', [{ a: 1, b: 2 }])
    for await (const key of dict) {
      t.is(key, 'a')
      break
    }
    t.deepEqual(
      await itemsOf(counter['up_to']!(100)),
      Array.from({ length: 100 }, (_, n) => n),
    )
    for await (const n of counter['up_to']!(1e9)) if (n === 5) break
    await t.throwsAsync(() => itemsOf(counter['nothing']!()), { instanceOf: TypeError, message: /one value/ })
    await until(async () => (await manager.numberOfObjects()) === before + 1, 'the iterators are not given back')
    await t.throwsAsync(() => itemsOf(counter), { instanceOf: TypeError, message: /no iterator/ })
    t.is(await manager.numberOfObjects(), before + 1, 'the iterator of the dict was given back')
  })

  test(`${name}: references are given back by disposal, by close, and by the garbage collector`, async (t) => {
    const { address } = await startManager(t, path)
    const manager = await connected(t, address)
    const observer = await connected(t, address)
    const list = await manager.create('list')
    await (await manager.create('dict'))[Symbol.asyncDispose]()
    t.is(await observer.numberOfObjects(), 1)
    await t.throwsAsync(
      async () => {
        await list[Symbol.asyncDispose]()
        await list['append']!(1)
      },
      { instanceOf: ConnectionClosedError, message: /disposed/ },
    )
    t.is(await observer.numberOfObjects(), 0)
    await (async () => {
      const kept = await manager.create('list')
      const inner = await manager.create('dict')
      await kept['append']!(inner)
      await Promise.all([kept['__getitem__']!(0), kept['__getitem__']!(0)])
    })()
    await until(async () => {
      gc()
      return (await observer.numberOfObjects()) === 0
    }, 'the references are not given back')
    const held = await Promise.all(Array.from({ length: 50 }, () => manager.create('dict')))
    t.is(await observer.numberOfObjects(), 50)
    await manager.close()
    await manager.close()
    t.is(await observer.numberOfObjects(), 0)
    await t.throwsAsync(() => manager.create('dict'), { instanceOf: ConnectionClosedError })
    for (const each of held) await each[Symbol.asyncDispose]()
  })

  test(`${name}: calls go at once, each by a connection of its own, and connections are used again`, async (t) => {
    const manager = await connected(t, (await startManager(t, path)).address)
    const meeting = await manager.create('meeting', [30])
    const order = await Promise.all(Array.from({ length: 30 }, () => meeting['join']!()))
    t.is(new Set(order).size, 30)
    const model = await manager.create('model')
    const threads = new Set()
    for (let i = 0; i < 20; i++) threads.add(await model['thread']!())
    t.is(threads.size, 1)
    const results = await Promise.all(Array.from({ length: 1000 }, (_, n) => model['predict']!(n)))
    t.deepEqual(
      results,
      Array.from({ length: 1000 }, (_, n) => n),
    )
  })

  test(`${name}: a session’s calls are one thread’s, so that locks work`, async (t) => {
    const manager = await connected(t, (await startManager(t, path)).address)
    const [lock, condition, event, model] = await Promise.all(
      ['RLock', 'Condition', 'Event', 'model'].map((type) => manager.create(type)),
    )
    await manager.session(async (s) => {
      const mine = await s.use(lock!)
      t.true(await mine['acquire']!())
      t.true(await mine['acquire']!())
      await manager.session(async (other) => {
        const theirs = await other.use(lock!)
        t.false(await theirs['acquire']!(false))
        const error = await t.throwsAsync(async () => theirs['release']!(), { instanceOf: PythonError })
        t.regex(error!.name, /^(RuntimeError|AssertionError)$/)
      })
      await mine['release']!()
      await mine['release']!()
      const same = await s.use(model!)
      t.is(new Set(await Promise.all([same['thread']!(), same['thread']!(), same['thread']!()])).size, 1)
    })
    const waited = manager.session(async (s) => {
      const mine = await s.use(condition!)
      await mine['acquire']!()
      await event!['set']!()
      const notified = await mine['wait']!(60)
      await mine['release']!()
      return notified
    })
    t.true(await event!['wait']!(60))
    await manager.session(async (s) => {
      const mine = await s.use(condition!)
      await mine['acquire']!()
      await mine['notify_all']!()
      await mine['release']!()
    })
    t.true(await waited)
  })

  test(`${name}: when the server goes away, every pending call rejects`, async (t) => {
    const server = await startManager(t, path)
    const manager = await connected(t, server.address)
    const [queue, event, observer] = await Promise.all(['Queue', 'Event', 'list'].map((type) => manager.create(type)))
    const pending = [queue!['get']!(), queue!['get']!(), event!['wait']!()]
    // They have arrived where another call, of the same kind of object, goes on beside them.
    t.is(await observer!['__len__']!(), 0)
    await server.kill()
    for (const each of pending) await t.throwsAsync(async () => each)
    await t.throwsAsync(async () => queue!['get']!())
    await t.throwsAsync(() => manager.create('list'))
    await manager.close()
  })
}

test('a call is given up by a signal or a timeout, and the others go on', async (t) => {
  const manager = await connected(t, (await startManager(t, newest)).address)
  const queue = await manager.create('Queue')
  await t.throwsAsync(async () => call(queue, 'get', [], { timeout: 20 }), { instanceOf: TimeoutError })
  const controller = new AbortController()
  const reason = new Error('enough')
  const given = call(queue, 'get', [], { signal: controller.signal })
  controller.abort(reason)
  t.is(await t.throwsAsync(async () => given), reason)
  await t.throwsAsync(async () => call(queue, 'get', [], { signal: AbortSignal.abort(reason) }), { is: reason })
  await manager.session(async (s) => {
    const mine = await s.use(queue)
    await t.throwsAsync(async () => call(mine, 'get', [], { timeout: 20 }), { instanceOf: TimeoutError })
    await t.throwsAsync(async () => mine['qsize']!(), { instanceOf: ConnectionClosedError, message: /session/ })
  })
  t.is(typeof (await queue['qsize']!()), 'number')
})

test('no more connections than the limit are open at once', async (t) => {
  const manager = await connected(t, (await startManager(t, newest)).address, { connections: 2 })
  const model = await manager.create('model')
  const threads = new Set(await Promise.all(Array.from({ length: 50 }, () => model['thread']!())))
  t.true(threads.size <= 2)
})

test('an object used after its session is refused', async (t) => {
  const manager = await connected(t, (await startManager(t, newest)).address)
  const lock = await manager.create('Lock')
  const kept = await manager.session((s) => s.use(lock))
  await t.throwsAsync(async () => kept['acquire']!(), { instanceOf: ConnectionClosedError, message: /session is over/ })
  await kept[Symbol.asyncDispose]()
  t.true(await lock['acquire']!(false), 'what a session lent gives no reference back')
  const failed = new Error('in the function')
  await t.throwsAsync(() => manager.session(() => Promise.reject(failed)), { is: failed })
})

test('a proxy is taken only where its address is the manager’s own, or one that was named', async (t) => {
  const other = await startManager(t, newest)
  const elsewhere = other.address as string
  const { address } = await startManager(t, newest, { foreign: elsewhere })
  const manager = await connected(t, address)
  const counter = await manager.create('counter')
  await t.throwsAsync(async () => counter['foreign']!(), { instanceOf: DecodeError, message: /refused.*addresses/ })
  t.deepEqual(await itemsOf((await counter['up_to']!(2)) as AnyManagerProxy), [0, 1], 'the next call is unharmed')
  const trusting = await connected(t, address, { addresses: [elsewhere] })
  const again = await trusting.create('counter')
  // The other manager is asked, and has no such object.
  await t.throwsAsync(async () => again['foreign']!(), { instanceOf: PythonError, message: /1234/ })
})

test('arrays of numpy go both ways', async (t) => {
  const { path } = await virtualEnvironment()
  const manager = await connected(t, (await startManager(t, path)).address)
  const model = await manager.create('model', [3])
  t.deepEqual(Array.from((await model['predict']!(ndarray(new Float64Array([1, 2])))) as Float64Array), [3, 6])
})

test('arguments are what they were when the call was made', async (t) => {
  const manager = await connected(t, (await startManager(t, newest)).address)
  const list = await manager.create('list')
  const item = { n: 1 }
  const appended = Promise.all([list['append']!(item), list['append']!(item)])
  item.n = 2
  await appended
  const made = manager.create('list', [[item]])
  item.n = 3
  t.deepEqual(await manager.getValue(list), [{ n: 1 }, { n: 1 }])
  t.deepEqual(await manager.getValue(await made), [{ n: 2 }])
})

test('a manager that is not there yet is waited for, until the signal says otherwise', async (t) => {
  const reason = new Error('enough')
  const controller = new AbortController()
  const address = `/tmp/carom-no-manager-${process.pid}`
  const waiting = connectManager(address, { ...PATIENT, retry: true, signal: controller.signal })
  controller.abort(reason)
  await t.throwsAsync(waiting, { is: reason })
  const waited = connectManager(address, { ...PATIENT, retry: true })
  const server = new ManagerServer(address, { ...PATIENT, objects: { list: () => ({ length: () => 0 }) } })
  t.teardown(() => server.close())
  const manager = await waited
  t.is(await (await manager.create('list'))['length']!(), 0)
  await manager.close()
  t.is(server.numberOfObjects, 0)
  // One that proves the key and is silent then.
  const silent = await pretender(t, () => undefined)
  const late = new AbortController()
  const held = connectManager(silent, { ...PATIENT, signal: late.signal })
  late.abort(reason)
  await t.throwsAsync(held, { is: reason })
})

test('close does not wait for a server for ever', async (t) => {
  const address = await pretender(t, ([, name]) =>
    name === 'decref' ? undefined : tuple('#RETURN', name === 'create' ? tuple('id', tuple('a')) : null),
  )
  const manager = await connectManager(address, PATIENT)
  const kept = await Promise.all([manager.create('model'), manager.create('model')])
  await manager.close()
  t.is(kept.length, 2)
})

test('a pickle of another client’s has its proxies, and they are counted', async (t) => {
  const { address } = await startManager(t, newest)
  const [manager, other] = [await connected(t, address), await connected(t, address)]
  const [dict, model] = [await other.create('dict'), await other.create('model', [2])]
  const bytes = other.encode({ dict, list: [model, dict], plain: 1 })
  const decoded = (await manager.decode(bytes)) as { dict: AnyManagerProxy; list: AnyManagerProxy[]; plain: number }
  await other.close()
  t.is(decoded.plain, 1)
  t.is(decoded.list[1], decoded.dict)
  t.is(await decoded.list[0]!['predict']!(4), 8)
  await decoded.dict['update']!({ a: 1 })
  t.deepEqual(await itemsOf(decoded.dict), ['a'])
  t.is(await manager.numberOfObjects(), 2)
  for (const each of decoded.list) await each[Symbol.asyncDispose]()
  // The object that it refers to is gone: there is nothing to count.
  await t.throwsAsync(() => manager.decode(bytes), { instanceOf: PythonError })
  await t.throwsAsync(() => manager.decode(Buffer.from('nonsense')), { instanceOf: DecodeError })
})

test('a key is required, and must be the right one', async (t) => {
  for (const authkey of [undefined, null, '']) {
    await t.throwsAsync(() => connectManager('/nowhere', { authkey } as never), {
      instanceOf: TypeError,
      message: /authkey/,
    })
  }
  await t.throwsAsync(() => connectManager('/nowhere', undefined as never), {
    instanceOf: TypeError,
    message: /authkey/,
  })
  await t.throwsAsync(() => connectManager('/nowhere', { authKey: 'x' } as never), {
    instanceOf: TypeError,
    message: /did you mean 'authkey'/,
  })
  await t.throwsAsync(() => connectManager('/nowhere', { authkey: 'x' }), { code: 'ENOENT' })
  const { address } = await startManager(t, newest)
  await t.throwsAsync(() => connectManager(address, { ...PATIENT, authkey: 'wrong' }), {
    instanceOf: AuthenticationError,
  })
})

test('close gives all references back to a server that goes on answering, however long that takes', async (t) => {
  let [made, given, turn] = [0, 0, Promise.resolve()]
  const address = await pretender(t, ([, name]) => {
    if (name === 'create') return tuple('#RETURN', tuple(`${made++}`, tuple()))
    if (name !== 'decref') return tuple('#RETURN', null)
    const answer = turn.then(() => new Promise((resolve) => setTimeout(resolve, 800)))
    turn = answer.then(() => void given++)
    return turn.then(() => tuple('#RETURN', null))
  })
  const manager = await connected(t, address)
  const held = await Promise.all(Array.from({ length: 8 }, () => manager.create('list')))
  // Longer than it waits for one answer.
  await manager.close()
  t.is(given, held.length)
})

test('names that the language asks for are no calls, and the error for an unknown method lists the known ones', async (t) => {
  const manager = await connected(t, (await startManager(t, newest)).address)
  const model = await manager.create('model')
  t.is((model as { then?: unknown }).then, undefined)
  t.is((model as { toJSON?: unknown }).toJSON, undefined)
  await t.throwsAsync(async () => model['predcit']!(1), { message: /no method 'predcit'; there are: .*predict/ })
  await t.throwsAsync(async () => model['_hidden']!(), { message: /no method '_hidden'/ })
  await t.throwsAsync(async () => call(model, 'predict', [() => 1]), { code: 'ERR_CAROM_ENCODE' })
  await t.throwsAsync(() => manager.getValue({}), { instanceOf: TypeError })
  await t.throwsAsync(() => manager.session((s) => s.use({})), { instanceOf: TypeError })
})

/** A server that proves the key, and answers the first messages of each connection with `answers`. */
async function pretender(
  t: ExecutionContext,
  answer: (request: unknown[], connection: Connection) => unknown,
): Promise<Address> {
  const listener = new Listener(undefined, { ...PATIENT, codec: 'pickle' })
  t.teardown(() => listener.close())
  void (async () => {
    for await (const connection of listener) {
      void (async () => {
        for await (const request of connection) {
          const said = await answer(request as unknown[], connection)
          if (said !== undefined) await connection.send(said)
        }
        await connection.close()
      })().catch(() => connection.destroy())
    }
  })()
  return listener.address
}

const tuple = PythonTuple.of<unknown>

test('a server that answers with anything but replies is a ProtocolError', async (t) => {
  for (const answer of [null, 5, 'text', tuple('#RETURN'), tuple(1, 2), tuple('#OTHER', 1), {}]) {
    const address = await pretender(t, () => answer)
    await t.throwsAsync(() => connectManager(address, PATIENT), {
      instanceOf: ProtocolError,
      message: /malformed/,
    })
  }
  const made = [null, tuple('id'), tuple(1, tuple('a')), tuple('id', 5), tuple('id', tuple(5))]
  for (const answer of made) {
    const address = await pretender(t, ([, name]) => tuple('#RETURN', name === 'create' ? answer : null))
    const manager = await connected(t, address)
    await t.throwsAsync(() => manager.create('model'), { instanceOf: ProtocolError })
  }
  for (const answer of [tuple('#PROXY', 5), tuple('#PROXY', tuple(tuple('a'), 5))]) {
    const address = await pretender(t, ([ident, name]) =>
      ident !== null ? answer : tuple('#RETURN', name === 'create' ? tuple('id', tuple('a')) : null),
    )
    const manager = await connected(t, address)
    const proxy = await manager.create('model')
    await t.throwsAsync(async () => proxy['a']!(), { instanceOf: ProtocolError })
  }
})

test('a server that answers a call by closing, or never, holds up that call alone', async (t) => {
  const address = await pretender(t, ([ident, name], connection) => {
    if (ident === null)
      return tuple('#RETURN', name === 'create' ? tuple('id', tuple('close', 'silent', 'fine')) : null)
    if (name === 'close') connection.destroy()
    return name === 'fine' ? tuple('#RETURN', 1) : undefined
  })
  const manager = await connected(t, address)
  const proxy = await manager.create('model')
  const silent = proxy['silent']!()
  await t.throwsAsync(async () => proxy['close']!(), { instanceOf: EOFError })
  t.is(await proxy['fine']!(), 1)
  const rejected = t.throwsAsync(async () => silent, { instanceOf: ConnectionClosedError })
  await manager.close()
  await rejected
})
