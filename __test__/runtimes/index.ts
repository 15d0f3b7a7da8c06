// Fetches the runtimes and runs what each can: the AVA suite on every supported line of Node, on both drivers, and
// the conformance program everywhere, on carom as it is installed:
//
//   npm run build && npm run test:runtimes
//   npm run test:runtimes -- bun deno node22      only these
//   npm run test:runtimes -- --conformance        without the AVA suite

import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pack } from '../install/packages.ts'
import { install } from '../install/project.ts'
import { runtimes } from './binaries.ts'
import { ava, conformance, type Result } from './suites.ts'

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
  for (const file of ['conformance.ts', 'peer.ts', 'structured-values.ts'])
    await cp(fileURLToPath(new URL(file, import.meta.url)), join(project, file))
  for (const runtime of found) {
    const name = `${runtime.name} ${runtime.version}`
    console.log(`\n${name}`)
    rows.push({ runtime: name, suite: 'conformance', result: await conformance(runtime, project) })
    if (!withAva || runtime.name !== 'Node') continue
    for (const driver of ['uv', 'thread'] as const)
      rows.push({ runtime: name, suite: `AVA, ${driver}`, result: await ava(runtime, driver) })
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
