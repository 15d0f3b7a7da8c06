import { fileURLToPath } from 'node:url'
import test from 'ava'
import { DecodeError, EOFError, Process, ProcessError, StartError } from 'carom'
import { call } from 'carom/calls'
import { ndarray, PythonError } from 'carom/python'
import { endedWell, startProgram } from './children.ts'
import { checkDescriptors } from './descriptors.ts'
import { interpreters, virtualEnvironment } from './interpreters.ts'

const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url))
const PYTHON = fixture('python/served.py')
const NODE = fixture('served.mjs')
const pythons = await interpreters()

checkDescriptors(test)
const interpreter = pythons.at(-1)!.path

for (const { name, path } of pythons) {
  test(`${name}: functions, generators and async functions of a Python module are called`, async (t) => {
    await using python = new Process(PYTHON, { serve: true, interpreter: path })
    await python.start()
    const { remote } = python
    t.is(await remote['add']!(1, 2), 3)
    t.is(await call(remote, 'scaled', [21], { kwargs: { scale: 2 } }), 42)
    for (const generator of ['numbers', 'anumbers']) {
      const items = []
      for await (const n of remote[generator]!(100)) items.push(n)
      t.deepEqual(
        items,
        Array.from({ length: 100 }, (_, n) => n),
      )
    }
    for await (const n of remote['numbers']!(1e9)) if (n === 50) break
    t.deepEqual(await Promise.all([remote['meet']!(), remote['meet']!()]), ['met', 'met'])
    t.true(await remote['sigint_is_ignored']!())
    t.is(await remote['identity']!(undefined), undefined)
  })

  test(`${name}: an exception arrives as a PythonError with its traceback`, async (t) => {
    await using python = new Process(PYTHON, { serve: true, interpreter: path })
    await python.start()
    const error = (await t.throwsAsync(async () => python.remote['fail']!())) as PythonError
    t.true(error instanceof PythonError)
    t.is(error.name, 'ValueError')
    t.is(error.module, 'builtins')
    t.deepEqual(error.args, ['bad', 3])
    t.regex(error.traceback!, /^Traceback[^]*served\.py[^]*ValueError: \('bad', 3\)\n$/)
    t.notRegex(error.traceback!, /carom_serving/)
    t.is((error.cause as PythonError).name, 'KeyError')
    t.is((error.cause as PythonError).message, "'k'")
    const unsendable = (await t.throwsAsync(async () => python.remote['unsendable']!())) as PythonError
    t.regex(unsendable.message, /pickle|local object/)
    t.is(await python.remote['add']!(1, 1), 2)
    await t.throwsAsync(async () => python.remote['add']!(1, 'x'), { instanceOf: PythonError, name: 'TypeError' })
  })
}

test('of a crowd of exceptions some arrive, and the connection goes on', async (t) => {
  await using python = new Process(PYTHON, { serve: true, interpreter })
  await python.start()
  const error = (await t.throwsAsync(async () => python.remote['crowd']!())) as PythonError
  t.is(error.message, 'many')
  t.is(error.exceptions!.length, 100)
  t.is(await python.remote['add']!(1, 1), 2)
})

test('a Python module without a function to serve is a StartError, as a Node one is', async (t) => {
  const python = new Process(fixture('python/nothing.py'), { serve: true, interpreter })
  await t.throwsAsync(python.start(), { instanceOf: StartError, message: /serve .*nothing\.py: .*no function/ })
  await t.throwsAsync(python.join(), { instanceOf: StartError })
  python.close()
  const killed = new Process(PYTHON, { serve: true, interpreter })
  await killed.start()
  killed.kill()
  await killed.join()
  killed.close()
  t.throws(() => new Process(PYTHON, { interpreter }), { instanceOf: TypeError, message: /target.*serve: true/ })
})

test('a result that can’t be decoded rejects that call alone', async (t) => {
  await using python = new Process(PYTHON, { serve: true, interpreter })
  await python.start()
  const { remote } = python
  const others = [remote['add']!(1, 2), remote['model']!(), remote['add']!(3, 4)]
  t.is(await others[0], 3)
  await t.throwsAsync(async () => others[1]!, { instanceOf: DecodeError, message: /served\.Model/ })
  t.is(await others[2], 7)
  const items: unknown[] = []
  await t.throwsAsync(
    async () => {
      for await (const item of remote['models']!()) items.push(item)
    },
    { instanceOf: DecodeError },
  )
  t.deepEqual(items, [1])
  t.is(await remote['add']!(5, 6), 11)
})

test('only a Python module’s own functions, or those in __all__, are served', async (t) => {
  await using own = new Process(PYTHON, { serve: true, interpreter })
  await own.start()
  for (const name of ['Model', '_hidden', 'VERSION', 'asyncio', '__doc__', 'barrier']) {
    await t.throwsAsync(async () => call(own.remote, name), {
      message: new RegExp(`no function '${name}' here; there are: add`),
    })
  }
  await using chosen = new Process(fixture('python/chosen.py'), { serve: true, interpreter })
  await chosen.start()
  t.is(await chosen.remote['join']!('a', 'b'), 'a/b')
  t.is(await chosen.remote['_chosen']!(), 'chosen')
  await t.throwsAsync(async () => chosen.remote['left_out']!(), { message: /there are: join, _chosen$/ })
})

test('with threads, plain functions run side by side', async (t) => {
  await using python = new Process(PYTHON, { serve: true, threads: 2, interpreter })
  await python.start()
  t.deepEqual(await Promise.all([python.remote['meet_in_threads']!(), python.remote['meet_in_threads']!()]), [
    true,
    true,
  ])
  t.regex((await python.remote['thread_name']!()) as string, /^carom-call/)
  const items = []
  for await (const n of python.remote['numbers']!(3)) items.push(n)
  t.deepEqual(items, [0, 1, 2])
})

test('numpy’s arrays go both ways', async (t) => {
  const { path } = await virtualEnvironment()
  await using python = new Process(PYTHON, { serve: true, interpreter: path })
  await python.start()
  const back = (await python.remote['add']!(ndarray(new Float64Array([1, 2, 3, 4]), [2, 2]), 1)) as Float64Array & {
    shape: number[]
  }
  t.deepEqual([...back], [2, 3, 4, 5])
  t.deepEqual(back.shape, [2, 2])
})

test('a Python process that ends itself rejects its pending calls, and is seen to have ended', async (t) => {
  const python = new Process(PYTHON, { serve: true, interpreter })
  await python.start()
  await t.throwsAsync(async () => python.remote['die']!(), { instanceOf: EOFError })
  await python.join()
  t.is(python.exitCode, 9)
  python.close()
  const leaving = new Process(PYTHON, { serve: true, interpreter })
  await leaving.start()
  await t.throwsAsync(async () => leaving.remote['leave']!(3), { name: 'SystemExit' })
  await leaving.join()
  t.is(leaving.exitCode, 3)
  leaving.close()
})

test('stop lets the calls that run finish, takes no new ones, and ends the process', async (t) => {
  for (const [module, options] of [
    [PYTHON, { interpreter }],
    [NODE, {}],
  ] as const) {
    const child = new Process(module, { serve: true, ...options })
    await child.start()
    const { remote } = child
    const running = module === NODE ? remote['later']!(50) : remote['add']!(1, 2)
    const stopping = child.stop()
    await t.throwsAsync(async () => remote['add']!(1, 2), { instanceOf: ProcessError, message: /was stopped/ })
    t.is(await running, module === NODE ? 'late' : 3)
    await stopping
    t.is(child.exitCode, 0, module)
    await child.stop()
  }
})

test('exported functions of a Node module are served, and nothing else', async (t) => {
  await using node = new Process<{ add(a: number, b: number): number; count(n: number): AsyncGenerator<number> }>(
    NODE,
    {
      serve: true,
    },
  )
  await node.start()
  t.true(node.daemon)
  t.is(await node.remote.add(1, 2), 3)
  const items = []
  for await (const n of node.remote.count(3)) items.push(n)
  t.deepEqual(items, [0, 1, 2])
  for (const name of ['Model', 'version', 'toString', 'constructor']) {
    await t.throwsAsync(async () => call(node.remote as never, name), {
      message: /there are: add, count, die, later, never$/,
    })
  }
})

test('remote and stop of a process that doesn’t serve, or isn’t started, say so', async (t) => {
  const plain = new Process(NODE, { target: 'add' })
  t.throws(() => plain.remote, { instanceOf: ProcessError, message: /serve: true/ })
  const served = new Process(NODE, { serve: true })
  t.throws(() => served.remote, { instanceOf: ProcessError, message: /not been started/ })
  await t.throwsAsync(served.stop(), { instanceOf: ProcessError })
  const empty = new Process(fixture('import-carom.mjs'), { serve: true })
  await t.throwsAsync(empty.start(), { instanceOf: StartError, message: /no function to serve/ })
  await empty.join().catch(() => {})
  empty.close()
})

test('a served process keeps its parent alive only while it is called', async (t) => {
  const program = `
    import { Process } from 'carom'
    const python = new Process(${JSON.stringify(PYTHON)}, { serve: true, interpreter: ${JSON.stringify(interpreter)} })
    await python.start()
    console.log(await python.remote.add(1, 2))
  `
  const ended = await startProgram(t, process.execPath, ['--input-type=module', '--eval', program]).ended
  t.like(ended, endedWell)
  t.is(ended.stdout, '3\n')
})
