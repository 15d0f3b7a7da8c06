// Each file, and each of Node's modules, that a child loads before its first message makes every start of one longer.

import { basename } from 'node:path'
import test from 'ava'
import { pipe, Process } from 'carom'
import { endedWell, fixture, startProgram } from './children.ts'
import { checkDescriptors } from './descriptors.ts'

interface Loaded {
  files: string[]
  builtins: string[]
}

checkDescriptors(test)

test('a child loads three files and the binary to send its first message', async (t) => {
  const { files } = await loadedByFirstMessage()
  const names = files.map((path) => basename(path)).filter((name) => !name.endsWith('.node'))
  t.deepEqual(names.toSorted(), ['bootstrap.cjs', 'coder.cjs', 'shared.cjs'])
  t.is(files.length, names.length + 1)
})

test('a child loads no more of Node’s modules to send its first message than an import does', async (t) => {
  const { builtins } = await loadedByFirstMessage()
  const idle = startProgram(t, process.execPath, [
    '-e',
    `import(${JSON.stringify(fixture('loaded.mjs'))}).then((it) => it.sendAll())`,
  ])
  const { stdout, ...ended } = await idle.ended
  t.like({ ...ended, stdout: '' }, endedWell)
  const there = new Set(JSON.parse(stdout) as string[])
  t.deepEqual(
    builtins.filter((name) => !there.has(name)),
    [],
  )
})

/** What a child has loaded once it has sent a message, without a loader of the tests. */
async function loadedByFirstMessage(): Promise<Loaded> {
  const [here, there] = pipe()
  await using child = new Process(new URL('fixtures/loaded.mjs', import.meta.url), {
    target: 'sendLoaded',
    args: [there],
    execArgv: [],
  })
  await child.start()
  await here.recv()
  const loaded = (await here.recv()) as Loaded
  await child.join()
  await here.close()
  return loaded
}
