// Every child imports the module of its target: what that does at its top level, each child does again.

import { fileURLToPath } from 'node:url'
import test from 'ava'
import { Process, StartError } from 'carom'
import { startProgram } from './children.ts'
import { checkDescriptors } from './descriptors.ts'
import { pair } from './pairs.ts'
import { until } from './until.ts'

checkDescriptors(test)

const url = (name: string): URL => new URL(`./fixtures/${name}`, import.meta.url)

const modules: [title: string, module: URL, where: RegExp][] = [
  ['with await', url('starts-at-import.mjs?how=awaited'), /starts-at-import\.mjs/],
  ['without await', url('starts-at-import.mjs?how=forgotten'), /starts-at-import\.mjs/],
  ['after it has awaited something else', url('starts-at-import.mjs?how=later'), /starts-at-import\.mjs/],
  ['in a worker thread', url('starts-at-import.mjs?how=worker'), /the module of its target/],
  ['in a CommonJS module', url('starts-at-import.cjs'), /starts-at-import\.cjs/],
  ['in a TypeScript module', url('starts-at-import.ts'), /starts-at-import\.ts/],
]

for (const [title, module, where] of modules) {
  test(`a child that starts a process while its module is imported, ${title}, is refused, with isMain named`, async (t) => {
    await using child = new Process(module, { target: 'nothing', stdio: 'ignore' })
    const error = await t.throwsAsync(() => child.start(), { instanceOf: StartError, message: /could not import / })
    t.regex(error!.message, /Process-1 can't be started yet: .*isMain\(import\.meta\).*require\.main === module/)
    t.regex(error!.message, where)
    await t.throwsAsync(() => child.join(), { is: error })
    t.is(child.exitCode, 1)
  })
}

test('a module loaded before the target’s, by --import, may start no process in a child either', async (t) => {
  const preload = url('starts-at-import.mjs?how=awaited').href
  await using child = new Process(url('targets.ts'), {
    target: 'nothing',
    execArgv: [...process.execArgv, '--import', preload],
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const starting = child.start()
  let stderr = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  await t.throwsAsync(starting, { instanceOf: StartError, message: /exited with 1 before it had imported/ })
  await until(() => child.stderr!.closed, 'stderr does not end')
  t.regex(stderr, /isMain/)
})

test('a target may start processes', async (t) => {
  const [here, there] = pair(t)
  await using child = new Process(url('starts-at-import.mjs?how=never'), { target: 'nested', args: [there] })
  await child.start()
  t.is(await here.recv(), 0)
})

test('the main program may start processes while it is imported', async (t) => {
  const program = `
    import { Process } from 'carom'
    await using child = new Process(${JSON.stringify(url('starts-at-import.mjs?how=never'))}, { target: 'nothing' })
    await child.start()
    await child.join()
    console.log(child.exitCode)`
  const args = [...process.execArgv, '--input-type=module', '-e', program.replace('await using', 'const')]
  const { code, stdout, stderr } = await startProgram(t, process.execPath, args, [], {}).ended
  t.deepEqual([code, stdout, stderr], [0, '0\n', ''])
})

test('a file that is both sides, without isMain, fails once instead of starting children without end', async (t) => {
  const file = fileURLToPath(url('starts-at-import.ts'))
  const { code, stderr } = await startProgram(t, process.execPath, [...process.execArgv, file]).ended
  t.is(code, 1)
  t.regex(stderr, /StartError: Process-1 could not import .*isMain/)
})
