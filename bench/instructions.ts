// Counts the instructions of the core's hot paths and compares them with `instructions/baseline.json`: times are noise on a
// shared machine, these are not. Exits with 1 when a path takes more, or less, than the tolerance allows. `--update` makes what
// is found the baseline. Needs valgrind; see README.md.
import { execFile, execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'

import { root } from './places.ts'
import { table } from './report.ts'

/** The largest difference of a path from its baseline, as a part of the baseline. */
const TOLERANCE = 0.03

/** The functions of the program. */
const PATHS = ['encode_small', 'decode_small', 'decode_cut', 'decode_large', 'send_and_receive', 'handshake']

interface Counts {
  rustc: string
  /** Of which the copies and the allocator are. */
  glibc: string
  valgrind: string
  /** Instructions of each path, for a thousand repetitions of its work. */
  counts: Record<string, number>
}

const run = promisify(execFile)
const folder = join(root, 'bench/instructions')
const baselineFile = join(folder, 'baseline.json')
const { update } = parseArgs({ options: { update: { type: 'boolean', default: false } } }).values

const build = ['build', '--release', '--locked', '--quiet', '--target-dir', 'target']
execFileSync('cargo', build, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] })

const found: Counts = { rustc: version('rustc'), glibc: glibc(), valgrind: version('valgrind'), counts: {} }
for (const path of PATHS) found.counts[path] = await count(path)

const baseline = JSON.parse(readFileSync(baselineFile, 'utf8')) as Counts
const rows = PATHS.map((path) => {
  const [now = 0, before = 0] = [found.counts[path], baseline.counts[path]]
  return [path, (before / 1e3).toFixed(1), (now / 1e3).toFixed(1), `${((now / before - 1) * 100).toFixed(1)} %`]
})
console.log(`now: ${tools(found)}\nbaseline: ${tools(baseline)}\n`)
console.log(table([['instructions each', 'baseline', 'now', 'change'], ...rows]))

const changed = PATHS.filter((path) => !(Math.abs(found.counts[path]! / baseline.counts[path]! - 1) <= TOLERANCE))
if (update) {
  writeFileSync(baselineFile, `${JSON.stringify(found, null, 2)}\n`)
} else if (changed.length > 0) {
  console.error(`\nnot within ${TOLERANCE * 100} % of the baseline: ${changed.join(', ')}`)
  console.error('If that is meant, or has become less: npm run bench:instructions -- --update')
  process.exitCode = 1
}

/** Callgrind's count inside one function and its callees. */
async function count(path: string): Promise<number> {
  const program = join(folder, 'target/release/carom-instructions')
  const options = ['--tool=callgrind', '--callgrind-out-file=/dev/null', `--toggle-collect=${path}`]
  const { stderr } = await run('valgrind', [...options, program, path])
  const collected = Number(/Collected : (\d+)/.exec(stderr)?.[1])
  if (!(collected > 0)) throw new Error(`callgrind has counted nothing in ${path}:\n${stderr}`)
  return collected
}

function tools({ rustc, glibc: libc, valgrind }: Counts): string {
  return `rustc ${rustc}, glibc ${libc}, valgrind ${valgrind}`
}

function glibc(): string {
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } }
  return header.glibcVersionRuntime ?? 'none'
}

/** `1.95.0` */
function version(program: string): string {
  return /\d+\.\d+\.\d+/.exec(execFileSync(program, ['--version'], { encoding: 'utf8' }))?.[0] ?? 'unknown'
}
