// Compares carom with what one would use instead, and with bare system calls, between two processes. See README.md.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'

import { cases } from './cases.ts'
import { buildFloor } from './floor.ts'
import { machine } from './machine.ts'
import { measure } from './measure.ts'
import { root } from './places.ts'
import { describeMachine, report, show } from './report.ts'
import { figure, kind, type Measured, results } from './results.ts'

const { values: options } = parseArgs({
  options: {
    /** Three short rounds: the order of magnitude in half a minute. */
    quick: { type: 'boolean', default: false },
    /** Where the results go as JSON. */
    json: { type: 'string', default: join(root, 'bench/results/latest.json') },
    /** Only cases whose `workload: rival` matches this regular expression, and their floors. */
    only: { type: 'string', default: '' },
    rounds: { type: 'string' },
  },
})
const rounds = Number(options.rounds ?? (options.quick ? 3 : 7))
if (!Number.isSafeInteger(rounds) || rounds < 1) throw new RangeError('--rounds must be a whole number from 1')
const bounds = options.quick ? { warmUp: 0.2, seconds: 0.2 } : { warmUp: 0.2, seconds: 0.5 }

const only = new RegExp(options.only)
const chosen = cases.filter(({ workload, rival }) => only.test(`${workload}: ${rival}`))
const measured: Measured[] = cases
  .filter((one) => chosen.includes(one) || (one.floor && chosen.some(({ workload }) => workload === one.workload)))
  .map((one) => ({ ...one, samples: [], errors: [] }))

const host = machine()
console.log(`${describeMachine(host)}\n- rounds: ${rounds} of ${bounds.seconds} s each\n`)
await buildFloor()

for (let round = 0; round < rounds; round++) {
  // Every other round goes backwards, so that a machine that gets slower or faster favours nobody.
  for (const one of round % 2 === 0 ? measured : measured.toReversed()) {
    const progress = `round ${round + 1} of ${rounds}: ${one.workload}: ${one.rival}: `
    try {
      const sample = await measure(one, bounds)
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
