// Measures calls of another process's functions, by carom and by its alternatives. See README.md.
import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs, promisify } from 'node:util'

import { virtualEnvironment } from '../__test__/interpreters.ts'
import { kept } from '../__test__/runtimes/binaries.ts'
import { MANAGER } from './calls/manager.ts'
import { WINDOW } from './calls/window.ts'
import { machine } from './machine.ts'
import { program, root } from './places.ts'
import { describeMachine } from './report.ts'
import { median } from './stats.ts'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    /** Only measurements whose `group: name` matches this regular expression. */
    only: { type: 'string', default: '' },
    /** The file that the results are written to, as JSON. */
    json: { type: 'string', default: join(root, 'bench/results/calls.json') },
    'warm-up': { type: 'string', default: '1' },
    seconds: { type: 'string', default: '1' },
  },
})
const rounds = Number(options.rounds)

/** The rivals that npm has. No script of theirs runs. */
const RIVALS = ['comlink@4.4.2', 'pythonia@1.2.6', 'python-shell@5.0.0']

const run = promisify(execFile)
const packages = await kept('calls', async (aside) => {
  const flags = ['--prefix', aside, '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock']
  await run('npm', ['install', ...flags, ...RIVALS], { shell: process.platform === 'win32' })
})
const python = await virtualEnvironment()

type What = 'many' | 'one' | 'give' | 'take'

/** A way to call, and what is measured of it. */
interface Measurement {
  group: string
  name: string
  what: What
  measure: () => Promise<number>
  figures: number[]
}

const all: Measurement[] = []

/** The others of each group and kind are compared with its first. */
function add(group: string, name: string, measure: (what: What) => Promise<number>, kinds: readonly What[]): void {
  for (const what of kinds) all.push({ group, name, what, measure: () => measure(what), figures: [] })
}

async function printed(command: string, args: readonly string[]): Promise<number> {
  return JSON.parse((await run(command, args, { timeout: 80_000 })).stdout) as number
}

/** A way of `calls/ways.ts`. */
function way(name: string): (what: What) => Promise<number> {
  const measure = [...process.execArgv, program('calls/measure')]
  const bounds = ['--warm-up', options['warm-up'], '--seconds', options.seconds]
  return (what) => printed(process.execPath, [...measure, name, what, python.path, packages, ...bounds])
}

const numbers: readonly What[] = ['many', 'one']
const everything: readonly What[] = [...numbers, 'give', 'take']
const NODE = 'Node to Node'
add(NODE, 'carom, send and recv: no calls', way('bare'), numbers)
add(NODE, 'carom/calls', way('carom-node'), everything)
add(NODE, 'fork, json, and a table of requests', way('fork-json'), numbers)
add(NODE, 'fork, advanced, and a table of requests', way('fork-advanced'), everything)
add(NODE, 'comlink, a worker thread', way('comlink'), everything)
add(NODE, 'node:http', way('http-node'), everything)
const PYTHON = 'Node to Python'
add(PYTHON, 'carom/calls', way('carom-python'), everything)
add(PYTHON, 'carom/managers', way('carom-manager'), everything)
add(PYTHON, 'pythonia', way('pythonia'), numbers)
add(PYTHON, 'python-shell', way('python-shell'), numbers)
add(PYTHON, 'HTTP, http.server', way('http-python'), everything)
const client = (what: What): Promise<number> =>
  printed(python.path, [MANAGER, 'client', what, options['warm-up'], options.seconds])
add(PYTHON, 'Python to Python, a proxy of multiprocessing.managers', client, everything)

const only = new RegExp(options.only)
const measurements = all.filter(({ group, name, what }) => only.test(`${group}: ${name}: ${what}`))
const host = await machine({ python })
console.log(`${describeMachine(host)}\n- ${RIVALS.join(', ')}\n- rounds: ${rounds} of ${options.seconds} s each\n`)

for (let round = 0; round < rounds; round++) {
  // Every other round goes backwards, so that a machine that gets slower or faster favours no rival.
  for (const each of round % 2 === 0 ? measurements : measurements.toReversed()) {
    each.figures[round] = await each.measure()
    const figure = show(each.what, each.figures[round]!)
    console.error(`round ${round + 1} of ${rounds}: ${each.group}: ${each.name}: ${each.what}: ${figure}`)
  }
}

/** Of arrays, 100 MiB each, the bytes a second. */
function show(what: What, figure: number): string {
  if (what === 'one') return `${(figure / 1e3).toFixed(1)} µs`
  if (what !== 'many') return `${((figure * 100 * (1 << 20)) / 1e9).toFixed(2)} GB/s`
  return figure < 10_000 ? `${(figure / 1000).toFixed(1)} k/s` : `${(figure / 1000).toFixed(0)} k/s`
}

const HEADS: Record<What, string> = {
  many: `${WINDOW} calls at once`,
  one: 'one call, p50',
  give: '100 MiB there',
  take: '100 MiB back',
}

for (const group of new Set(measurements.map((each) => each.group))) {
  const ours = measurements.filter((each) => each.group === group)
  const kinds = everything.filter((what) => ours.some((each) => each.what === what))
  console.log(`| ${group} | ${kinds.map((what) => HEADS[what]).join(' | ')} |`)
  console.log(`| --- |${' ---: |'.repeat(kinds.length)}`)
  for (const name of new Set(ours.map((each) => each.name))) {
    const cells = kinds.map((what) => {
      const found = ours.find((each) => each.name === name && each.what === what)
      return found ? show(what, median(found.figures)) : ''
    })
    console.log(`| ${name} | ${cells.join(' | ')} |`)
  }
  console.log()
}

mkdirSync(dirname(options.json), { recursive: true })
writeFileSync(options.json, JSON.stringify({ date: new Date(), machine: host, rounds, measurements }, null, 2))
