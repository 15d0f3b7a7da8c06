// The recipes of docs/pickle.md, as they are printed there.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { endedWell, startProgram } from './children.ts'
import { checkDescriptors } from './descriptors.ts'
import { virtualEnvironment } from './interpreters.ts'

checkDescriptors(test)

/** The ends that are handed over there are descriptors. */
const recipe = process.platform === 'win32' ? test.skip : test

const page = readFileSync(new URL('../docs/pickle.md', import.meta.url), 'utf8')

/** The programs of a recipe, by language, in the order in which they are printed. */
function programs(heading: string): { js: string[]; python: string[] } {
  const [, after] = page.split(`\n### ${heading}\n`)
  if (after === undefined) throw new Error(`docs/pickle.md has no recipe '${heading}'`)
  const section = after.split(/\n##+ /)[0]!
  const blocks = [...section.matchAll(/```(js|python)\n(.*?)```/gs)]
  const of = (language: string): string[] => blocks.filter((block) => block[1] === language).map((block) => block[2]!)
  return { js: of('js'), python: of('python') }
}

/** Runs a program beside the other files of its recipe, and gives its output. */
async function run(t: ExecutionContext, files: Record<string, string>, main: string): Promise<string> {
  const { path: python } = await virtualEnvironment()
  // Inside the package, whose name the programs import.
  const build = fileURLToPath(new URL('../build/', import.meta.url))
  mkdirSync(build, { recursive: true })
  const folder = mkdtempSync(join(build, 'recipe-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  const path = [dirname(python), dirname(process.execPath), process.env['PATH']].join(delimiter)
  const start = [process.execPath, python][main.endsWith('.py') ? 1 : 0]!
  // The programs name the files beside them.
  const inFolder = ['-c', 'cd "$0" && exec "$@"', folder, start, main]
  const ending = await startProgram(t, 'sh', inFolder, [], { PATH: path, NODE_OPTIONS: '--no-warnings' }).ended
  t.like(ending, endedWell)
  return ending.stdout
}

/** The output that a comment on a line of the program announces. */
const said = (program: string): string => `${/\) +(?:\/\/|#) (.*)$/m.exec(program)![1]}\n`

for (const [heading, file] of [
  ['numpy', 'scale.py'],
  ['pandas', 'totals.py'],
] as const) {
  recipe(`the recipe for ${heading} prints what it says`, async (t) => {
    const { js, python } = programs(heading)
    t.is(await run(t, { 'main.mjs': js[0]!, [file]: python[0]! }, 'main.mjs'), said(js[0]!))
  })
}

for (const [n, how] of ['add_reader', 'threads'].entries()) {
  recipe(`the recipe for asyncio with ${how} prints what it says`, async (t) => {
    const { js, python } = programs('asyncio')
    t.is(await run(t, { 'main.mjs': js[0]!, 'double.py': python[n]! }, 'main.mjs'), said(js[0]!))
  })
}

recipe('the recipe for an end of a SimpleQueue prints what it says', async (t) => {
  const { js, python } = programs('An end of a SimpleQueue')
  t.is(await run(t, { 'main.py': python[0]!, 'worker.mjs': js[0]! }, 'main.py'), said(python[0]!))
})
