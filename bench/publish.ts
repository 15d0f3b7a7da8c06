// Makes the pages and pictures of docs/benchmarks, and the README's part of them, from a run's results:
// `publish.ts [bench/results/latest.json]`.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { format, resolveConfig } from 'prettier'

import type { Machine } from './machine.ts'
import { pictures } from './pictures.ts'
import { root } from './places.ts'
import { describeMachine, report, show, table } from './report.ts'
import type { Result } from './results.ts'

/** The data that the pages are made from: a run's results without each round's samples. */
interface Published {
  date: string
  machine: Machine
  rounds: number
  bounds: { seconds: number }
  figures: Result[]
}

/** The columns of the README's table, by workload, and its rows. */
const SUMMARY: Record<string, string> = {
  'round trip, 64 B': 'round trip, 64 B',
  'round trip, small object': 'round trip, object',
  'one way, 64 B': 'one way, 64 B',
  'one way, small object': 'one way, object',
  'one way, 1 MiB': 'one way, 1 MiB',
}

const SUMMARIZED = [
  'carom sync',
  'carom async',
  'carom async, forEach',
  'carom sync, shared memory',
  'carom async, shared memory',
  'node:net, callbacks',
  'node:net, iterated',
  'node:fs, blocking',
  'fork, json',
  'fork, advanced',
  'MessagePort',
  'zeromq.js',
  'node-ipc',
  'Python multiprocessing',
  'floor',
]

const folder = join(root, 'docs/benchmarks')
/** With more of the processors busy before, the figures are not the machine's. */
const QUIET = 0.2

const [file = join(root, 'bench/results/latest.json')] = process.argv.slice(2)
const { date, machine, rounds, bounds, figures } = JSON.parse(readFileSync(file, 'utf8')) as Published
const run: Published = { date, machine, rounds, bounds, figures }

const name = `node-${majorOf(machine)}`
mkdirSync(join(folder, name), { recursive: true })
writeFileSync(join(folder, name, 'results.json'), `${JSON.stringify(run, rounded, 1)}\n`)
const drawn = pictures(figures)
for (const { file: svg, svg: content } of drawn) writeFileSync(join(folder, name, svg), content)
await write(join(folder, `${name}.md`), page(run))
await showInReadme()

/** The page of one version of Node.js. */
function page(of: Published): string {
  return `# Measured on Node.js ${majorOf(of.machine)}

${described(of)}
[bench/README.md](../../bench/README.md) says what is measured, and how each rival is written.

${describeMachine(of.machine)}
- rounds: ${of.rounds} of ${of.bounds.seconds} s each

${shown(name, '')}

${report(of.figures)}
`
}

/** The README shows the newest version that has been measured. */
async function showInReadme(): Promise<void> {
  const majors = readdirSync(folder).flatMap((entry) => /^node-(\d+)$/.exec(entry)?.[1] ?? [])
  const newest = `node-${Math.max(...majors.map(Number))}`
  const found = JSON.parse(readFileSync(join(folder, newest, 'results.json'), 'utf8')) as Published
  const readme = join(root, 'README.md')
  const part = `${described(found)}
[All figures](docs/benchmarks/${newest}.md), and [how each is measured](bench/README.md).

${shown(newest, 'docs/benchmarks/')}

${summary(found.figures)}
`
  const [before, , after] = readFileSync(readme, 'utf8').split(/(<!-- benchmarks -->\n[^]*<!-- \/benchmarks -->)/)
  if (after === undefined) throw new Error('README.md has no <!-- benchmarks --> … <!-- /benchmarks -->')
  await write(readme, `${before}<!-- benchmarks -->\n\n${part}\n<!-- /benchmarks -->${after}`)
}

function described({ date: when, machine: { node, processor, system, load } }: Published): string {
  const version = /^v\S+/.exec(node)?.[0]
  const said = `Measured on ${when.slice(0, 10)} with Node.js ${version}, on ${processor}, ${system}.`
  return Number(load) < QUIET
    ? said
    : `${said} Other work kept ${load} of its processors busy: only the order of magnitude counts.`
}

function shown(of: string, prefix: string): string {
  return drawn
    .filter(({ file: svg }) => existsSync(join(folder, of, svg)))
    .map(({ file: svg, text }) => `![${text}](${prefix}${of}/${svg})`)
    .join('\n\n')
}

/** The medians that most people look for. */
function summary(of: readonly Result[]): string {
  const cell = (workload: string, who: string) => {
    const found = of.find((result) => result.workload === workload && result.rival === who)
    return found ? show(found.kind, found.figure.median) : ''
  }
  const workloads = Object.keys(SUMMARY)
  const rows = SUMMARIZED.map((who) => [who, ...workloads.map((workload) => cell(workload, who))])
  return table([['', ...Object.values(SUMMARY)], ...rows.filter((row) => row.slice(1).some((text) => text !== ''))])
}

/** More digits than a measurement has would only make every change of it longer. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(4)) : value
}

function majorOf({ node }: Machine): number {
  return Number(/^v(\d+)/.exec(node)?.[1])
}

async function write(path: string, content: string): Promise<void> {
  writeFileSync(path, await format(content, { ...(await resolveConfig(path)), filepath: path }))
}
