// Measures how fast Node.js with carom and a Python talk, beside two Pythons on the same machine in the same run. See README.md.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'

import { interpreters, virtualEnvironment } from '../__test__/interpreters.ts'
import { machine } from './machine.ts'
import { program, root } from './places.ts'
import { describeMachine } from './report.ts'
import { median } from './stats.ts'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    /** Only measurements whose name matches this regular expression, and those that they are compared with. */
    only: { type: 'string', default: '' },
  },
})
const rounds = Number(options.rounds)
const WARM_UP = '0.2'
const SECONDS = '0.5'

const run = promisify(execFile)
const python = (await interpreters()).at(-1)!
const file = (name: string): string => join(root, 'bench/python', name)
const node = (name: string): string[] => [process.execPath, ...process.execArgv, program(join('python', name))]

interface Measurement {
  what: string
  who: string
  measure: () => Promise<Figure>
}

interface Figure {
  /** Messages or connections a second. */
  rate: number
  /** For how many milliseconds the event loop of Node.js stood still at most. */
  stall?: number | undefined
}

async function printed(command: readonly string[]): Promise<Figure> {
  const [first = '', ...args] = command
  const [rate, stall] = (await run(first, args, { timeout: 60_000 })).stdout.split(' ').map(Number)
  return { rate: rate!, stall }
}

/** The rate that a client measures at a listener in a process of its own. */
async function against(listener: readonly string[], client: readonly string[], key: string): Promise<Figure> {
  const folder = mkdtempSync(join(tmpdir(), 'carom-bench-'))
  const address = join(folder, 'socket')
  const [first = '', ...args] = listener
  const child = spawn(first, [...args, address, key], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    await once(child.stdout, 'data')
    return await printed([...client, address, key, WARM_UP, SECONDS])
  } finally {
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
    rmSync(folder, { recursive: true, force: true })
  }
}

// The others of each group are compared with its first one.
const all: Measurement[] = []
for (const act of ['round trip', 'to Python', 'from Python']) {
  for (const kind of ['small object', '64 B', '1 MiB']) {
    const what = `${act}, ${kind}`
    const bounds = [act, kind, WARM_UP, SECONDS]
    all.push(
      { what, who: 'Python', measure: () => printed([python.path, file('messages.py'), 'near', ...bounds]) },
      ...['async', 'sync'].map((waiting) => ({
        what,
        who: `carom ${waiting}`,
        measure: () => printed([...node('near'), waiting, python.path, ...bounds]),
      })),
    )
  }
}
// Only the Python with numpy has that, at both ends.
const withNumpy = (await virtualEnvironment()).path
for (const act of ['to Python', 'from Python']) {
  const what = `${act}, 100 MiB of numpy`
  const bounds = [act, '100 MiB of numpy', '1', '3']
  all.push(
    { what, who: 'Python', measure: () => printed([withNumpy, file('messages.py'), 'near', ...bounds]) },
    ...['async', 'sync'].map((waiting) => ({
      what,
      who: `carom ${waiting}`,
      measure: () => printed([...node('near'), waiting, withNumpy, ...bounds]),
    })),
  )
}
const inPython = [python.path, file('listening.py')]
const inNode = node('listening')
for (const [what, key] of [
  ['connections with a key', 'secret'],
  ['connections', ''],
] as const) {
  for (const [who, client] of [
    ["Python's client", [...inPython, 'client']],
    ["carom's client", [...inNode, 'client-sync']],
    ["carom's asynchronous client", [...inNode, 'client']],
  ] as const) {
    for (const [listens, listener] of [
      ['Python listens', [...inPython, 'listener']],
      ['carom async listens', [...inNode, 'listener']],
      ['carom sync listens', [...inNode, 'listener-sync']],
    ] as const) {
      all.push({ what: `${what}, ${who}`, who: listens, measure: () => against(listener, client, key) })
    }
  }
}

const only = new RegExp(options.only)
const measurements = all.filter(({ what }) => only.test(what))
const found = new Map<Measurement, Figure[]>(measurements.map((measurement) => [measurement, []]))

console.log(`${describeMachine(await machine({ python }))}\n- rounds: ${rounds} of ${SECONDS} s each\n`)
for (let round = 0; round < rounds; round++) {
  // Every other round goes backwards, so that a machine that gets slower or faster favours no rival.
  for (const measurement of round % 2 === 0 ? measurements : measurements.toReversed()) {
    const figure = await measurement.measure()
    found.get(measurement)![round] = figure
    console.error(`round ${round + 1} of ${rounds}: ${measurement.what}: ${measurement.who}: ${show(figure.rate)}`)
  }
}

function show(rate: number): string {
  if (rate < 100) return `${rate.toFixed(1)}/s`
  return rate < 10_000 ? `${rate.toFixed(0)}/s` : `${(rate / 1000).toFixed(1)} k/s`
}

console.log('| | | a second | ÷ Python | longest stall |\n| --- | --- | ---: | ---: | ---: |')
let base: readonly Figure[] = []
let last = ''
for (const [{ what, who }, figures] of found) {
  if (what !== last) base = figures
  last = what
  const rates = figures.map(({ rate }) => rate)
  const ratio = median(rates.map((rate, round) => rate / base[round]!.rate))
  const stalls = figures.flatMap(({ stall }) => (stall && who.endsWith('async') ? [stall] : []))
  const stall = stalls.length === 0 ? '' : `${median(stalls).toFixed(0)} ms`
  console.log(`| ${what} | ${who} | ${show(median(rates))} | ${ratio.toFixed(2)} | ${stall} |`)
}
