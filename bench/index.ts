// Compares carom with its alternatives, and with bare system calls, between two processes. See README.md.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'

import { runtimes } from '../__test__/runtimes/binaries.ts'
import { cases } from './cases.ts'
import { buildFloor } from './floor.ts'
import { machine } from './machine.ts'
import { measure } from './measure.ts'
import { root } from './places.ts'
import { findPythons } from './pythons.ts'
import { describeMachine, report, show } from './report.ts'
import { figure, kind, type Measured, results } from './results.ts'

const { values: options } = parseArgs({
  options: {
    /** Two short rounds: the order of magnitude. */
    quick: { type: 'boolean', default: false },
    /** The file that the results are written to, as JSON. */
    json: { type: 'string', default: join(root, 'bench/results/latest.json') },
    /** Only cases whose `workload: rival` matches this regular expression, and the cases that they are compared with. */
    only: { type: 'string', default: '' },
    rounds: { type: 'string' },
    /** The major version of the Node.js to measure, which is fetched: without it, the one that runs this. */
    node: { type: 'string' },
  },
})
if (options.node && !process.version.startsWith(`v${options.node}.`)) {
  const [runtime] = await runtimes([`node${options.node}`])
  if (!runtime) throw new RangeError(`--node must be a version that test:runtimes knows, not ${options.node}`)
  const { status } = spawnSync(runtime.program, process.argv.slice(1), { stdio: 'inherit' })
  process.exit(status ?? 1)
}

const rounds = Number(options.rounds ?? (options.quick ? 2 : 5))
if (!Number.isSafeInteger(rounds) || rounds < 1) throw new RangeError('--rounds must be a whole number from 1')
const bounds = options.quick ? { warmUp: 0.3, seconds: 0.1 } : { warmUp: 0.2, seconds: 0.5 }
/** A curve has many points, which need not be as exact. */
const curveRounds = Math.ceil(rounds / 2)

const skipped = new Set<string>()
const pythons = await findPythons((who, reason) => {
  skipped.add(who)
  console.error(`skipped: ${who}: ${reason}`)
})
const possible = cases.filter(({ by }) => !by || !skipped.has(by.program))

const only = new RegExp(options.only)
const chosen = possible.filter(({ workload, rival }) => only.test(`${workload}: ${rival}`))
const measured: Measured[] = possible
  .filter((one) => chosen.includes(one) || isBase(one))
  .map((one) => ({ ...one, samples: [], errors: [] }))

const host = await machine(pythons)
console.log(`${describeMachine(host)}\n- rounds: ${rounds} of ${bounds.seconds} s each\n`)
await buildFloor()

for (let round = 0; round < rounds; round++) {
  const all = measured.filter(({ curve }) => !curve || round < curveRounds)
  // Every other round goes backwards, so that a machine that gets slower or faster favours no rival.
  for (const one of round % 2 === 0 ? all : all.toReversed()) {
    const progress = `round ${round + 1} of ${rounds}: ${one.workload}: ${one.rival}: `
    try {
      const sample = await measure(one, bounds, pythons)
      one.samples[round] = sample
      console.error(progress + show(kind(sample), figure(sample)))
    } catch (error) {
      one.samples[round] = undefined
      const { message } = error as Error
      one.errors.push(message)
      console.error(`${progress}failed: ${message}`)
    }
  }
}

const figures = results(measured)
console.log(`\n${report(figures)}`)
mkdirSync(dirname(options.json), { recursive: true })
writeFileSync(
  options.json,
  JSON.stringify({ date: new Date(), machine: host, rounds, bounds, figures, measured }, null, 2),
)

const failed = measured.filter(({ errors }) => errors.length > 0)
if (failed.length > 0) console.error()
for (const { workload, rival, errors } of failed) {
  console.error(`failed ${errors.length} of ${rounds} times: ${workload}: ${rival}: ${errors[0]}`)
}
process.exitCode = failed.length > 0 ? 1 : 0

/** Whether the other chosen cases of its workload are compared with this one. */
function isBase(one: (typeof cases)[number]): boolean {
  const first = possible.find(({ workload }) => workload === one.workload)
  return one === first && chosen.some(({ workload }) => workload === one.workload)
}
