// Checks the crates for every target that is published, as far as this machine can: compiles them, runs the core's tests,
// and runs the conformance program on the binding in a Node of that target. Prints the steps done for each, and the reasons for those that were skipped:
//
//   npm run build:ts && npm run check:targets
//   npm run check:targets -- aarch64 musl         only targets whose names have one of these in them
//
// docs/platforms.md says what to install for it.

import { execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { repository } from '../install/packages.ts'
import { run } from '../install/steps.ts'
import { conformance } from '../runtimes/suites.ts'
import { targets, type Target } from './targets.ts'
import { OUTPUT } from './output.ts'
import { toolchainFor, type Toolchain } from './toolchain.ts'

interface Row {
  target: string
  compiler: string
  crates: string
  tests: string
  binding: string
  node: string
}

let broken = false

/** The outcome of a step, for the table. */
async function outcome(title: string, body: () => Promise<string>): Promise<string> {
  console.log(`\n${title}`)
  try {
    return await body()
  } catch (error) {
    console.log(error instanceof Error ? error.message : error)
    broken = true
    return 'FAILED'
  }
}

const installed = (program: string): boolean => {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Runs cargo, shows its output, and returns it. */
function cargo(toolchain: Toolchain, command: string[], flags: string[]): Promise<string> {
  const { env } = toolchain
  const all = [...command, ...toolchain.args]
  console.log(`  ${['cargo', ...all].join(' ')}`)
  const child = spawn(toolchain.cargo, all, {
    cwd: repository,
    env: { ...env, CARGO_ENCODED_RUSTFLAGS: flags.join('\x1f'), CARGO_TERM_COLOR: 'never' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      process.stdout.write(text)
    })
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (code === 0) resolve(output)
      else reject(new Error(`cargo ${command[0]} ended with ${signal ?? code}`))
    })
  })
}

/** Compiles everything that doesn't have to be linked. */
async function check(toolchain: Toolchain): Promise<string> {
  const output = await cargo(toolchain, ['check', '--workspace', '--all-targets'], [])
  if (/^warning: `carom/m.test(output)) throw new Error('the compiler warns')
  return 'checked'
}

async function test(toolchain: Toolchain): Promise<string> {
  const flags = toolchain.flags.programs
  // Some tests start them.
  await cargo(toolchain, ['build', '--package', 'carom', '--examples'], flags)
  const output = await cargo(toolchain, ['test', '--package', 'carom', '--tests', '--no-fail-fast'], flags)
  const passed = [...output.matchAll(/^test result: ok\. (\d+) passed/gm)]
  return `${passed.reduce((sum, [, count]) => sum + Number(count), 0)} passed`
}

/** The binding under the name that Node loads it by. */
const binary = (triple: string): string => join(OUTPUT, triple, 'carom.node')

async function build(toolchain: Toolchain, { triple }: Target): Promise<string> {
  await cargo(toolchain, ['build', '--release', '--package', 'carom-node'], toolchain.flags.binding)
  const library = triple.includes('-windows-') ? 'carom_node.dll' : 'libcarom_node.so'
  await copyFile(join(OUTPUT, triple, 'release', library), binary(triple))
  const { size } = await stat(binary(triple))
  return `${(size / 2 ** 20).toFixed(2)} MiB`
}

/** Runs the conformance program where it is, on the built binding. */
async function inNode(program: string, { triple }: Target, environment: NodeJS.ProcessEnv): Promise<string> {
  const { stdout } = await run(repository, program, ['--version'], environment)
  const version = /v(\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? stdout.trim()
  const env = { ...environment, NAPI_RS_NATIVE_LIBRARY_PATH: binary(triple) }
  const folder = join(repository, '__test__/runtimes')
  const { passed, failed, skipped } = await conformance({ name: 'Node', version, program }, folder, env)
  if (failed.length > 0) throw new Error(failed.join('\n'))
  return `${version}: ${passed} passed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

async function row(target: Target): Promise<Row> {
  const { triple, linker, lacking, node } = target
  const toolchain = await toolchainFor(target)
  const nothing: Row = { target: triple, compiler: '', crates: '', tests: '', binding: '', node: '' }
  if (!toolchain) return { ...nothing, compiler: 'none has its standard library' }
  const begun = { ...nothing, compiler: toolchain.title }
  const linked = linker !== undefined && installed(linker)
  if (!linked) {
    const crates = await outcome(`${triple}: check`, () => check(toolchain))
    return { ...begun, crates, tests: linker ? `no ${linker}` : 'nothing links for it here' }
  }
  const binding = await outcome(`${triple}: build the binding`, () => build(toolchain, target))
  const built = { ...begun, crates: 'built', binding }
  const lack = lacking?.()
  if (lack) return { ...built, tests: lack }
  return {
    ...built,
    tests: await outcome(`${triple}: the core's tests`, () => test(toolchain)),
    node: node
      ? await outcome(`${triple}: the binding in Node`, async () => inNode(await node(), target, toolchain.env))
      : 'no Node runs here',
  }
}

if (!existsSync(join(repository, 'dist/index.js'))) throw new Error('dist/ is missing: npm run build:ts makes it')
const parts = process.argv.slice(2)
const chosen = targets.filter(({ triple }) => parts.length === 0 || parts.some((part) => triple.includes(part)))
if (chosen.length === 0) throw new Error(`no such target: ${parts.join(' ')}`)
const rows: Row[] = []
for (const target of chosen) rows.push(await row(target))

console.log("\n| target | compiled by | crates | core's tests | binding | conformance in Node |")
console.log('| --- | --- | --- | --- | --- | --- |')
for (const { target, compiler, crates, tests, binding, node } of rows) {
  console.log(`| ${[target, compiler, crates, tests, binding, node].map((cell) => cell || '–').join(' | ')} |`)
}
process.exitCode = broken ? 1 : 0
