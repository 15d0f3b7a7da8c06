// The tests that a runtime is put through, and their outcome.

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { repository } from '../install/packages.ts'
import type { Runtime } from './binaries.ts'

const OXC = fileURLToPath(import.meta.resolve('@oxc-node/core/register'))

export interface Result {
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
function before({ name, version }: Runtime): string[] {
  if (name === 'Deno') return ['run', '--allow-all', '--quiet']
  if (name === 'Bun') return []
  // The others remove types by themselves.
  return version.startsWith('20.') ? [`--import=file://${OXC}`] : ['--disable-warning=ExperimentalWarning']
}

/** Runs the conformance program that is in `folder`, beside `peer.ts`. */
export async function conformance(runtime: Runtime, folder: string, environment = process.env): Promise<Result> {
  const start = performance.now()
  const args = before(runtime)
  const env = { ...environment, CAROM_RUNTIME_ARGUMENTS: JSON.stringify(args) }
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

/** Runs the AVA suite on a driver. */
export async function ava(runtime: Runtime, driver: 'uv' | 'thread'): Promise<Result> {
  const start = performance.now()
  const program = join(repository, 'node_modules/ava/entrypoints/cli.mjs')
  const env = { ...process.env, FORCE_COLOR: '0', CAROM_DRIVER: driver }
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
