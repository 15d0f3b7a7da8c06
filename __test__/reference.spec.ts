// The reference: each public item has an example, which the compiler takes and which prints what it says.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { transformSync } from 'rolldown/utils'
import test, { type ExecutionContext } from 'ava'
import { startProgram, wellWith } from './children.ts'
import { virtualEnvironment } from './interpreters.ts'
import { type Example, examplesOf, expectedOutput, publicItems } from './reference.ts'

const items = publicItems()
const all = [...items.values()]
const examples = all.flatMap(examplesOf)
const python = virtualEnvironment()
const root = fileURLToPath(new URL('../', import.meta.url))

/** Whether an option object is what the item is. */
const isOptions = (name: string): boolean => /Options$|^Directions$/.test(name)

/** A folder in the package, so that its programs find the package by its name. */
async function folderIn(t: ExecutionContext): Promise<string> {
  await mkdir(join(root, 'build'), { recursive: true })
  const folder = await mkdtemp(join(root, 'build/reference-'))
  t.teardown(() => rm(folder, { recursive: true }))
  return folder
}

for (const [n, example] of examples.entries()) {
  const before = examples.slice(0, n).filter(({ title }) => title === example.title).length
  const isForLinux = example.files.some(({ text }) => text.includes("transport: 'shared-memory'"))
  const run = isForLinux && process.platform !== 'linux' ? test.skip : test.serial
  run(`${example.title}: example ${before + 1} prints what it says`, async (t) => {
    const folder = await folderIn(t)
    // `using` is newer than Node 20, so that it needs the loader that the tests have; the others start twice as fast without.
    const isLoaded = /^\s*(await )?using /m.test(example.files[0]!.text)
    for (const [place, { name, text }] of example.files.entries()) {
      const isCompiled = name.endsWith('.ts') && !(isLoaded && place === 0)
      const code = isCompiled ? transformSync(name, text, { target: 'node20' }).code : text
      await writeFile(join(folder, isCompiled ? name.replace(/ts$/, 'js') : name), code)
    }
    const program = isLoaded
      ? ['--import', '@oxc-node/core/register', join(folder, 'example.ts')]
      : [join(folder, 'example.js')]
    const expected = expectedOutput(example.files[0]!.text).map((line) => `${line}\n`)
    const { path } = await python
    const env = { PYTHON: path, PYTHONDONTWRITEBYTECODE: '1', FORCE_COLOR: '0' }
    const child = startProgram(t, process.execPath, ['--no-warnings', ...program], [], env, folder)
    t.deepEqual(await child.ended, wellWith(expected.join('')))
  })
}

test('the compiler takes every example', async (t) => {
  const folder = await folderIn(t)
  for (const [n, { files }] of examples.entries()) {
    for (const { name, text } of files) {
      if (!name.endsWith('.ts')) continue
      const file = join(folder, String(n), name)
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, text)
    }
  }
  const settings = {
    extends: join(root, 'tsconfig.types.json'),
    compilerOptions: { module: 'nodenext', moduleDetection: 'force', rootDir: folder },
    include: ['**/*.ts'],
  }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(settings))
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  const { code, stdout } = await startProgram(t, process.execPath, [compiler, '-p', folder]).ended
  const named = stdout.replaceAll(/^.*?(\d+)\/(?=\w+\.ts)/gm, (_, n) => `${examples[Number(n)]!.title}: `)
  t.deepEqual({ code, named }, { code: 0, named: '' })
})

test('an example that prints says what it prints', (t) => {
  const silent = (example: Example): boolean =>
    example.files.some(({ name, text }) => name === 'example.ts' && expectedOutput(text).length === 0)
  t.deepEqual(
    examples.filter(silent).map(({ title }) => title),
    [],
  )
})

test('each public function, class and error has an example', (t) => {
  const bare = all.filter((item) => item.kind === 'function' || item.kind === 'class')
  t.deepEqual(
    bare.filter((item) => examplesOf(item).length === 0).map(({ name }) => name),
    [],
  )
})

test('each public type has an example, or leads to an item that has one', (t) => {
  const leads = (comment: string): boolean =>
    [...comment.matchAll(/\{@link (\w+)/g)].some(([, name = '']) => {
      const target = items.get(name)
      return target !== undefined && examplesOf(target).length > 0
    })
  const bare = all.filter((item) => item.kind === 'interface' || item.kind === 'type')
  t.deepEqual(
    bare.filter((item) => examplesOf(item).length === 0 && !leads(item.comment)).map(({ name }) => name),
    [],
  )
})

test('each public item and member has a comment', (t) => {
  const missing = all.flatMap(({ name, comment, members }) => [
    ...(comment === '' ? [name] : []),
    ...members
      .filter(
        (member) => !isProtocol(member.name) && !members.some((each) => each.name === member.name && each.comment),
      )
      .map((member) => `${name}.${member.name}`),
  ])
  t.deepEqual(missing, [])
})

test('each public member of a class is in an example', (t) => {
  const code = examples.flatMap(({ files }) => files.map(({ text }) => text)).join('\n')
  const missing = all
    .filter(({ kind }) => kind === 'class')
    .flatMap(({ name, members }) => members.map((member) => [name, member.name] as const))
    .filter(
      ([, member]) => !isProtocol(member) && !new RegExp(`\\.${member}\\b|\\{[^}]*\\b${member}\\b[^}]*\\}`).test(code),
    )
  t.deepEqual(missing, [])
})

test('each option is in an example, and says its default, and its unit where it is a number', (t) => {
  const code = examples.flatMap(({ files }) => files.map(({ text }) => text)).join('\n')
  const faults = all
    .filter(({ name }) => isOptions(name))
    .flatMap(({ name, members }) => members.map((member) => ({ ...member, title: `${name}.${member.name}` })))
    .flatMap(({ name, title, type = '', comment, optional }) => [
      ...(new RegExp(`(^|[{,])\\s*${name}\\b\\s*[:,}]`, 'm').test(code) ? [] : [`${title}: no example`]),
      ...(!optional || /\bDefault\b/.test(comment) ? [] : [`${title}: no default`]),
      ...(!/\bnumber\b/.test(type) || UNIT.test(comment) ? [] : [`${title}: no unit`]),
    ])
  t.deepEqual(faults, [])
})

const UNIT = /bytes|milliseconds|microseconds|how many|permissions|number/i

/** Members that a protocol of the language or of Node asks for, whose meaning is everywhere the same. */
function isProtocol(name: string): boolean {
  return name.startsWith('[') || ['toString', 'toJSON', 'valueOf', 'then', 'catch', 'finally'].includes(name)
}
