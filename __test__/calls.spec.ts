import test, { type ExecutionContext } from 'ava'
import { type Connection, EOFError, pipe, ProtocolError, TimeoutError } from 'carom'
import { type AnyRemote, call, currentCall, remote, serve } from 'carom/calls'
import { Deferred } from '../src/event-loop/deferred.ts'
import { checkDescriptors } from './descriptors.ts'
import { pair, type PipeOptions } from './pairs.ts'
import { until } from './until.ts'

checkDescriptors(test)

/** A peer that serves `functions`, and this end's view of it. */
function served(
  t: ExecutionContext,
  functions: object,
  options?: Parameters<typeof serve>[2],
  pipeOptions?: PipeOptions,
): { there: AnyRemote; here: Connection; peer: Connection; serving: Promise<void> } {
  const [here, peer] = pair(t, pipeOptions)
  const serving = serve(peer, functions, options)
  serving.catch(() => {})
  return { there: remote(here), here, peer, serving }
}

for (const codec of [undefined, 'json', 'msgpack', 'v8', 'pickle'] as const) {
  const title = (what: string): string => `${codec ?? 'by default'}: ${what}`
  const options = codec === undefined ? {} : { codec }

  test(title('a call gives what the function returns'), async (t) => {
    const functions = {
      add: (a: number, b: number) => a + b,
      later: async (value: unknown) => value,
      nothing: () => {},
    }
    const { there } = served(t, functions, {}, options)
    t.is(await there.add!(1, 2), 3)
    t.deepEqual(await there.later!({ list: [1, 'two', null] }), { list: [1, 'two', null] })
    t.is(await there.nothing!(), undefined)
  })

  test(title('a generator gives a stream'), async (t) => {
    const functions = {
      *count(n: number) {
        for (let i = 0; i < n; i++) yield { i }
      },
      async *later(n: number) {
        yield* functions.count(n)
      },
    }
    const { there } = served(t, functions, {}, options)
    for (const name of ['count', 'later']) {
      const items = []
      for await (const item of there[name]!(100)) items.push(item)
      t.deepEqual(
        items,
        Array.from({ length: 100 }, (_, i) => ({ i })),
      )
    }
  })

  test(title('what a function throws arrives as that error'), async (t) => {
    const functions = {
      fail() {
        throw Object.assign(new RangeError('too far', { cause: new Error('a wall') }), { code: 'E_FAR', distance: 7 })
      },
    }
    const { there } = served(t, functions, {}, options)
    const error = (await t.throwsAsync(async () => there.fail!())) as RangeError & { code: string; distance: number }
    t.true(error instanceof RangeError)
    t.is(error.message, 'too far')
    t.is(error.code, 'E_FAR')
    t.is(error.distance, 7)
    t.is((error.cause as Error).message, 'a wall')
    t.regex(error.stack!, /calls\.spec/)
  })
}

test('any number of calls go at once, and each gets its own answer', async (t) => {
  const functions = { echo: async (n: number) => (await new Promise(setImmediate), n) }
  const { there } = served(t, functions)
  const answers = await Promise.all(Array.from({ length: 500 }, (_, n) => there.echo!(n)))
  t.deepEqual(
    answers,
    Array.from({ length: 500 }, (_, n) => n),
  )
})

test('one connection serves and calls at once', async (t) => {
  const [a, b] = pair(t)
  const [ofA, ofB] = [remote(a), remote(b)]
  void serve(a, { double: (n: number) => n * 2 })
  void serve(b, {
    async quadruple(n: number) {
      return await ofB.double!((await ofB.double!(n)) as number)
    },
  })
  t.is(await ofA.quadruple!(3), 12)
})

test('calls that call back run, however few may run at once', async (t) => {
  const [a, b] = pair(t)
  const [ofA, ofB] = [remote(a), remote(b)]
  const functions = (other: AnyRemote) => ({
    async down(n: number): Promise<number> {
      return n === 0 ? 0 : 1 + ((await other.down!(n - 1)) as number)
    },
  })
  void serve(a, functions(ofA), { concurrency: 1 })
  void serve(b, functions(ofB), { concurrency: 1 })
  t.is(await ofA.down!(50), 50)
})

test('only own functions of a plain object are called', async (t) => {
  class Model {
    rows = () => 1
    static make() {}
    predict(x: number) {
      return this.#weigh(x)
    }
    #weigh(x: number) {
      return x * 10
    }
    _inner() {}
    get secret() {
      return () => 1
    }
  }
  class Derived extends Model {
    train() {
      return 'trained'
    }
  }
  const plain = {
    __proto__: { inherited: () => 1 },
    own: () => 'own',
    Model,
    Map,
    _hidden: () => 1,
    number: 7,
    get accessor() {
      return () => t.fail('an accessor was asked')
    },
  }
  Object.setPrototypeOf(plain, Object.prototype)
  const { there } = served(t, plain)
  t.is(await there.own!(), 'own')
  const names = [
    'inherited',
    'Model',
    'Map',
    '_hidden',
    'number',
    'accessor',
    'toString',
    'constructor',
    '__proto__',
    'hasOwnProperty',
  ]
  for (const name of names) {
    const error = await t.throwsAsync(async () => call(there, name))
    t.regex(error!.message, /there is no function .* there are: own$/)
  }
  const model = served(t, new Model()).there
  t.is(await model.predict!(3), 30)
  for (const name of ['rows', '_inner', 'secret', 'constructor', 'make', 'toString'])
    await t.throwsAsync(async () => call(model, name))
  const derived = served(t, new Derived()).there
  t.is(await derived.train!(), 'trained')
  await t.throwsAsync(async () => derived.predict!(1), { message: /there are: train$/ })
})

test('serve refuses a value that is no object with functions', (t) => {
  const [a] = pair(t)
  for (const functions of [
    undefined,
    null,
    7,
    [],
    {},
    class Empty {
      x = 1
    },
    new (class {
      x = 1
    })(),
  ]) {
    t.throws(() => void serve(a, functions as object), { message: /functions/ })
  }
})

test('this inherits from the object of functions and has the call’s signal', async (t) => {
  const functions = {
    name: 'adder',
    who(this: { name: string; signal: AbortSignal }) {
      return [this.name, this.signal instanceof AbortSignal, currentCall()?.signal === this.signal]
    },
  }
  const { there } = served(t, functions)
  t.deepEqual(await there.who!(), ['adder', true, true])
  t.is(currentCall(), undefined)
})

test('names that the language asks for are never calls', async (t) => {
  const { there } = served(t, { own: () => 1 })
  t.is(there.then, undefined)
  t.is(there.toJSON, undefined)
  t.is((there as unknown as Record<symbol, unknown>)[Symbol.toPrimitive], undefined)
  t.is(await (async () => there)(), there)
  t.is(JSON.stringify(there), '{}')
})

test('an abort reaches the function, and rejects with the signal’s reason', async (t) => {
  const aborted = new Deferred<unknown>()
  const functions = {
    wait(this: { signal: AbortSignal }) {
      return new Promise((_, reject) => {
        this.signal.addEventListener('abort', () => {
          aborted.resolve(this.signal.reason)
          reject(this.signal.reason)
        })
      })
    },
    echo: (value: unknown) => value,
  }
  const { there } = served(t, functions)
  const controller = new AbortController()
  const waiting = call(there, 'wait', [], { signal: controller.signal })
  t.is(await there.echo!(1), 1)
  const reason = new Error('enough')
  controller.abort(reason)
  t.is(await t.throwsAsync(async () => waiting), reason)
  t.is(((await aborted.promise) as Error).name, 'AbortError')
  t.is(await there.echo!(2), 2)
  t.is(await t.throwsAsync(async () => call(there, 'echo', [1], { signal: controller.signal })), reason)
})

test('a timeout is that call’s alone, and a late answer is dropped', async (t) => {
  const { promise, resolve } = new Deferred<string>()
  const { there } = served(t, { late: () => promise, echo: (value: unknown) => value })
  const other = there.late!()
  await t.throwsAsync(async () => call(there, 'late', [], { timeout: 1 }), {
    instanceOf: TimeoutError,
    message: /^late: /,
  })
  resolve('late')
  t.is(await other, 'late')
  t.is(await there.echo!('next'), 'next')
})

test('the error for an awaited stream, or an iterated value, says what to write', async (t) => {
  let ended = false
  const functions = {
    *stream() {
      try {
        yield 1
      } finally {
        ended = true
      }
    },
    value: () => 1,
  }
  const { there } = served(t, functions)
  await t.throwsAsync(async () => there.stream!(), { instanceOf: TypeError, message: /for await/ })
  await t.throwsAsync(
    async () => {
      for await (const _ of there.value!()) t.fail('there is no item')
    },
    { instanceOf: TypeError, message: /await …value/ },
  )
  t.is(await there.value!(), 1)
  // A generator that was not begun has nothing to end.
  t.false(ended)
})

test('a stream goes no further ahead than its reader lets it', async (t) => {
  let made = 0
  const functions = {
    *numbers() {
      for (;;) yield made++
    },
    made: () => made,
  }
  const { there } = served(t, functions)
  const stream = there.numbers!()
  t.is(await there.made!(), 0)
  const iterator = stream[Symbol.asyncIterator]()
  t.is((await iterator.next()).value, 0)
  t.true(((await there.made!()) as number) < 100)
  for (let n = 1; n < 1000; n++) t.is((await iterator.next()).value, n)
  t.true(((await there.made!()) as number) < 1100)
  await iterator.return!()
})

test('leaving the loop ends the generator', async (t) => {
  const ended = new Deferred<void>()
  const functions = {
    async *numbers() {
      try {
        for (let n = 0; ; n++) yield n
      } finally {
        ended.resolve()
      }
    },
  }
  const { there } = served(t, functions)
  for await (const n of there.numbers!()) if (n === 5) break
  await ended.promise
  t.pass()
})

test('an error in a stream comes behind its items', async (t) => {
  const functions = {
    async *fails() {
      yield 1
      yield 2
      throw new RangeError('no more')
    },
  }
  const { there } = served(t, functions)
  const items: unknown[] = []
  await t.throwsAsync(
    async () => {
      for await (const item of there.fails!()) items.push(item)
    },
    { instanceOf: RangeError, message: 'no more' },
  )
  t.deepEqual(items, [1, 2])
})

test('calls that are not awaited give no unhandled rejection', async (t) => {
  const { there } = served(t, { fail: () => Promise.reject(new Error('no')) })
  const unhandled = (): void => t.fail('an unhandled rejection')
  process.on('unhandledRejection', unhandled)
  there.fail!()
  const iterated = there.fail!()[Symbol.asyncIterator]()
  await t.throwsAsync(iterated.next(), { message: 'no' })
  await new Promise(setImmediate)
  process.off('unhandledRejection', unhandled)
  t.pass()
})

test('when the connection ends, all calls reject, and serving is over', async (t) => {
  const { there, peer, here, serving } = served(t, { never: () => new Promise(() => {}), echo: (x: unknown) => x })
  const calls = [there.never!(), there.never!()]
  t.is(await there.echo!(1), 1)
  await peer.close()
  for (const each of calls) await t.throwsAsync(async () => each, { instanceOf: EOFError })
  await serving
  await t.throwsAsync(async () => there.echo!(1), { instanceOf: EOFError })
  await here.close()
})

test('a peer that is gone and has not read all rejects the calls as its end does', async (t) => {
  const [here, peer] = pair(t)
  const called = remote(here).add!(1, 2)
  const serving = serve(here, { nothing: () => {} })
  await here.flush()
  await peer.destroy()
  await t.throwsAsync(async () => called, { instanceOf: EOFError, message: /ECONNRESET/ })
  await serving
})

test('serving is over when the peer closes, and the running calls are aborted', async (t) => {
  const aborted = new Deferred<void>()
  const functions = {
    wait(this: { signal: AbortSignal }) {
      this.signal.addEventListener('abort', () => aborted.resolve())
      return new Promise(() => {})
    },
    echo: (x: unknown) => x,
  }
  const { there, here, serving } = served(t, functions)
  const waiting = there.wait!()
  waiting.catch(() => {})
  await there.echo!(1)
  await here.close()
  await serving
  await aborted.promise
  t.pass()
})

test('a call beyond the running and the held ones is answered with a BusyError', async (t) => {
  const { promise, resolve } = new Deferred<string>()
  let most = 0
  let running = 0
  const functions = {
    async wait() {
      most = Math.max(most, ++running)
      await promise
      running--
      return 'done'
    },
    wakeUp: () => {},
  }
  const { there } = served(t, functions, { concurrency: 2 })
  const calls = Array.from({ length: 5 }, () => there.wait!())
  const error = await t.throwsAsync(async () => calls[4]!)
  t.is(error!.name, 'BusyError')
  t.is((error as { code?: string }).code, 'ERR_CAROM_BUSY')
  resolve('now')
  t.deepEqual(await Promise.all(calls.slice(0, 4)), ['done', 'done', 'done', 'done'])
  t.is(most, 2)
})

test('a message that is no call ends the connection with a ProtocolError', async (t) => {
  const bad: unknown[] = [
    null,
    'call',
    {},
    [],
    [0],
    [8, 1],
    [-1, 1],
    [0, -1, 'echo', []],
    [0, 1.5, 'echo', []],
    [0, 1, 7, []],
    [0, 1, 'echo', 'args'],
    [0, 1, 'echo', [], []],
    [7, 1, 0],
    [7, 1, -5],
  ]
  for (const message of bad) {
    const [here, peer] = pipe()
    const serving = serve(peer, { echo: (x: unknown) => x })
    await here.send(message)
    await t.throwsAsync(
      serving,
      { instanceOf: ProtocolError, message: /malformed call message/ },
      JSON.stringify(message),
    )
    await t.throwsAsync(here.recv(), { instanceOf: EOFError })
    await here.close()
  }
})

test('an answer that is malformed ends the connection, and all calls', async (t) => {
  for (const answer of [[2, 1, 'text'], [4, 1, 'unasked'], 'text']) {
    const [here, peer] = pipe()
    const waiting = remote(here).echo!(1)
    await peer.recv()
    await peer.send(answer)
    await t.throwsAsync(async () => waiting, { instanceOf: ProtocolError })
    await peer.close()
    await here.close()
  }
})

test('an argument and a result that can’t be sent reject that call alone', async (t) => {
  const { there } = served(t, { echo: (x: unknown) => x, make: () => () => 1 }, {}, { codec: 'json' })
  const [bad, good] = [there.echo!(10n), there.echo!(1)]
  await t.throwsAsync(async () => bad, { message: /BigInt|bigint/i })
  t.is(await good, 1)
  await there.make!().catch(() => {})
  t.is(await there.echo!(2), 2)
})

test('an error about a part of a call that can’t be sent names that part as its caller and its function know it', async (t) => {
  const functions = {
    give: () => ({ on: [() => {}] }),
    *stream() {
      yield { on: () => {} }
    },
    take: () => {},
  }
  const { there } = served(t, functions)
  await t.throwsAsync(async () => there['take']!(1, { f: () => {} }), {
    message: "the value can't be encoded: args[1].f: a function can't be sent",
  })
  await t.throwsAsync(async () => there['give']!(), { message: /: result\.on\[0\]: a function can't be sent/ })
  await t.throwsAsync(async () => there['stream']!()[Symbol.asyncIterator]().next(), {
    message: /: result\.on: a function can't be sent/,
  })
})

test('arguments by name are for Python: a JavaScript function refuses them', async (t) => {
  const { there } = served(t, { echo: (x: unknown) => x })
  await t.throwsAsync(async () => call(there, 'echo', [1], { kwargs: { x: 1 } }), { message: /pass an object/ })
})

test('aborting serve answers the held calls, and leaves the connection open', async (t) => {
  const controller = new AbortController()
  const functions = { wait: () => new Promise(() => {}) }
  const { there, here, peer, serving } = served(t, functions, { concurrency: 1, signal: controller.signal })
  there.wait!()
  const held = there.wait!()
  await until(() => peer.stats.messagesReceived === 2, 'the calls do not arrive')
  controller.abort(new Error('closing'))
  await t.throwsAsync(serving, { message: 'closing' })
  await t.throwsAsync(async () => held, { message: 'closing' })
  t.false(here.closed)
  t.false(peer.closed)
})

test('an option that does not exist is refused', async (t) => {
  const [a, b] = pair(t)
  t.throws(() => void serve(a, { f() {} }, { concurency: 1 } as object), { message: /concurrency/ })
  t.throws(() => call(remote(b), 'f', [], { timeOut: 1 } as object), { message: /timeout/ })
})
