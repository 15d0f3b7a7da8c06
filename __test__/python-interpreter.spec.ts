// The commands that people start Python by.

import { realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { Process, StartError } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { type Interpreter, uvEnvironment } from './interpreters.ts'
import { pair } from './pairs.ts'

const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/python/${name}.py`, import.meta.url))
const { uv, python } = await uvEnvironment()

checkDescriptors(test)

/** Starts a served module and a function of a file, in the environment of `expected`. */
async function works(t: ExecutionContext, interpreter: string | string[], expected: Interpreter): Promise<void> {
  await using served = new Process(fixture('served'), { serve: true, interpreter })
  await served.start()
  const prefix = (await served.remote['prefix']!()) as string
  t.is(realpathSync(prefix), realpathSync(dirname(dirname(expected.path))))
  t.is(await served.remote['add']!(1, 2), 3)
  await served.stop()
  t.is(served.exitCode, 0)

  const [here, there] = pair(t, { codec: 'pickle' })
  await using child = new Process(fixture('target'), { target: 'receiver', args: [there, 21], interpreter })
  await child.start()
  await here.send('message')
  t.deepEqual(await here.recv(), [21, 'message', 'target', true])
  await child.join()
  t.is(child.exitCode, 0)
}

test('a virtual environment’s python runs the module in that environment', async (t) => {
  await works(t, python.path, python)
})

const RUN = [uv, 'run', '--no-project', '--offline', '--python', python.path, 'python']

test('uv run python runs the module in the environment that uv chooses', async (t) => {
  await works(t, RUN, python)
})

test('a module’s error under uv run is a StartError with Python’s traceback', async (t) => {
  const child = new Process(fixture('unimportable'), { target: 'f', interpreter: RUN })
  const error = await t.throwsAsync(child.start(), { instanceOf: StartError, message: /not to be had/ })
  t.regex((error!.cause as Error).stack!, /^Traceback[^]*unimportable\.py", line 1/)
  await child.join().catch(() => {})
  child.close()
})

test('where uv finds no interpreter, start rejects with a StartError', async (t) => {
  const interpreter = [uv, 'run', '--no-project', '--offline', '--python', '/no/such/python', 'python']
  const child = new Process(fixture('served'), { serve: true, interpreter, stdio: 'ignore' })
  await t.throwsAsync(child.start(), { instanceOf: StartError, message: /exited with 2 before it had imported/ })
  await child.join().catch(() => {})
  child.close()
})

test('a served child under uv run ends by terminate and kill, and leaves no process', async (t) => {
  for (const signal of ['terminate', 'kill'] as const) {
    const child = new Process(fixture('served'), { serve: true, interpreter: RUN })
    await child.start()
    const pid = (await child.remote['pid']!()) as number
    child[signal]()
    await child.join()
    child.close()
    await gone(pid)
  }
  t.pass()
})

/** Resolves when a process is no longer there. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0)
    } catch {
      return
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
