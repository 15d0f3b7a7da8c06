// Fetches the runtimes and runs what each can: the AVA suite on every supported line of Node, and
// the conformance program everywhere, on carom as it is installed:
//
//   npm run build && npm run test:runtimes
//   npm run test:runtimes -- bun deno node22      only these
//   npm run test:runtimes -- --conformance        without the AVA suite

import { spawn } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pack, repository } from '../install/packages.ts'
import { install } from '../install/project.ts'
import { runtimes, type Runtime } from './binaries.ts'

const OXC = fileURLToPath(import.meta.resolve('@oxc-node/core/register'))

interface Result {
  passed: number
  failed: string[]
  skipped: number
  seconds: number
}

interface Line {
  title: string
  outcome: 'passed' | 'failed' | 'skipped'
  reason?: string
}

/** The arguments that a runtime wants before a program in TypeScript. */
function before({ name }: Runtime): string[] {
  if (name === 'Deno') return ['run', '--allow-all', '--quiet']
  return name === 'Bun' ? [] : ['--disable-warning=DEP0205', `--import=file://${OXC}`]
}

async function conformance(runtime: Runtime, folder: string): Promise<Result> {
  const start = performance.now()
  const args = before(runtime)
  const env = { ...process.env, CAROM_RUNTIME_ARGUMENTS: JSON.stringify(args) }
  const { output, ending } = await started(runtime.program, [...args, 'conformance.ts'], folder, env)
  const lines = output.split('\n').filter((line) => line.startsWith('{"title"'))
  const results = lines.map((line) => JSON.parse(line) as Line)
  const failed = results.filter(({ outcome }) => outcome === 'failed')
  for (const { title, reason } of failed) console.log(`  ✘ ${title}\n${reason}`)
  const titles = failed.map(({ title }) => title)
  // A crash has no line of its own.
  if (ending !== 0 && titles.length === 0) {
    console.log(output)
    titles.push(`the program ended with ${ending} after '${results.at(-1)?.title ?? 'nothing'}'`)
  }
  return {
    passed: results.filter(({ outcome }) => outcome === 'passed').length,
    failed: titles,
    skipped: results.filter(({ outcome }) => outcome === 'skipped').length,
    seconds: (performance.now() - start) / 1000,
  }
}

async function ava(runtime: Runtime): Promise<Result> {
  const start = performance.now()
  const program = join(repository, 'node_modules/ava/entrypoints/cli.mjs')
  const env = { ...process.env, FORCE_COLOR: '0' }
  const { output, ending } = await started(runtime.program, [program], repository, env)
  const count = (what: RegExp): number => Number(what.exec(output)?.[1] ?? 0)
  const failed = [...output.matchAll(/^ +✘ (?:\[fail\]: )?(.*)$/gm)].map(([, title = '']) => title)
  if (ending !== 0)
    console.log(
      output
        .split('\n')
        .filter((line) => !line.startsWith('  ✔'))
        .join('\n'),
    )
  if (ending !== 0 && failed.length === 0) failed.push(`AVA ended with ${ending}`)
  return {
    // AVA counts what passed only if nothing failed.
    passed: count(/^ *(\d+) tests? passed/m) || [...output.matchAll(/^ +✔ /gm)].length,
    failed,
    skipped: count(/^ *(\d+) tests? skipped/m),
    seconds: (performance.now() - start) / 1000,
  }
}

function started(
  command: string,
  args: string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<{ output: string; ending: number | NodeJS.Signals | null }> {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ output, ending: signal ?? code }))
  })
}

const args = process.argv.slice(2)
const only = args.filter((arg) => !arg.startsWith('--'))
const withAva = !args.includes('--conformance')
const rows: { runtime: string; suite: string; result: Result }[] = []
const folder = await mkdtemp(join(tmpdir(), 'carom-runtimes-'))
try {
  const found = await runtimes(only)
  if (found.length === 0) throw new Error(`no such runtime: ${only.join(' ')}`)
  const project = join(folder, 'project')
  await install(project, 'npm', await pack(folder))
  for (const file of ['conformance.ts', 'peer.ts'])
    await cp(fileURLToPath(new URL(file, import.meta.url)), join(project, file))
  for (const runtime of found) {
    const name = `${runtime.name} ${runtime.version}`
    console.log(`\n${name}`)
    rows.push({ runtime: name, suite: 'conformance', result: await conformance(runtime, project) })
    if (withAva && runtime.name === 'Node') rows.push({ runtime: name, suite: 'AVA', result: await ava(runtime) })
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}

console.log('\n| runtime | suite | passed | failed | skipped | seconds |\n| --- | --- | --- | --- | --- | --- |')
for (const { runtime, suite, result } of rows) {
  const { passed, failed, skipped, seconds } = result
  console.log(`| ${runtime} | ${suite} | ${passed} | ${failed.length} | ${skipped} | ${seconds.toFixed(0)} |`)
}
for (const { runtime, result } of rows) for (const title of result.failed) console.log(`${runtime}: ${title}`)
process.exitCode = rows.some(({ result }) => result.failed.length > 0 || result.passed === 0) ? 1 : 0
