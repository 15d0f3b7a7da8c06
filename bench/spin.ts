// The processor time that the event loop's adaptive spin costs and saves, beside `spin: 0`, under loads that it can learn from and
// loads that it can't:
// `spin.ts [--only <regular expression>] [--seconds <seconds>] [--rounds <rounds>] [--spin <values>] [--transport <transport>]`.
// Linux or macOS.
import { execFile } from 'node:child_process'
import { parseArgs, promisify } from 'node:util'

import { program } from './places.ts'
import { loads } from './spin/loads.ts'
import { table } from './report.ts'
import { median, quantile } from './stats.ts'

const run = promisify(execFile)

const { values: options } = parseArgs({
  options: {
    /** Only loads whose names match this regular expression. */
    only: { type: 'string', default: '' },
    /** How long each measurement takes. */
    seconds: { type: 'string', default: '0.5' },
    rounds: { type: 'string', default: '3' },
    /** The values of `spin` that are compared. */
    spin: { type: 'string', default: '0,adaptive' },
    transport: { type: 'string', default: 'socket' },
  },
})

/** One measurement. Times are in microseconds. */
export interface Figures {
  p50: number
  p99: number
  /** Messages a second. */
  rate: number
  /** Processor time of both ends a message, or a second where there are none. */
  processor: number
}

const spins = options.spin.split(',')
const chosen = Object.keys(loads).filter((name) => new RegExp(options.only).test(name))
const found = new Map<string, Figures[]>()

for (let round = 0; round < Number(options.rounds); round++) {
  for (const name of chosen) {
    // Every other round goes backwards, so that a machine that gets slower or faster favours none.
    for (const spin of round % 2 === 0 ? spins : spins.toReversed()) {
      const key = `${name}: ${spin}`
      found.set(key, [...(found.get(key) ?? []), await measure(name, spin)])
    }
  }
}

console.log(
  `node ${process.version}; ${options.transport}; ${options.rounds} rounds: medians, and the middle half of the rounds\n`,
)
const rows = chosen.flatMap((name) => spins.map((spin) => row(name, spin, found.get(`${name}: ${spin}`) ?? [])))
console.log(table([['load', 'spin', 'p50', 'p99', 'messages', 'processor time'], ...rows]))

/** All pairs of a load at once, each in processes of its own. */
async function measure(name: string, spin: string): Promise<Figures> {
  const pairs = loads[name]?.pairs ?? 1
  const all = await Promise.all(Array.from({ length: pairs }, () => one(name, spin)))
  return {
    p50: median(all.map(({ p50 }) => p50)),
    p99: median(all.map(({ p99 }) => p99)),
    rate: all.reduce((sum, { rate }) => sum + rate, 0),
    processor: median(all.map(({ processor }) => processor)),
  }
}

async function one(name: string, spin: string): Promise<Figures> {
  const args = [...process.execArgv, program('spin/near'), name, spin, options.seconds, options.transport]
  const { stdout } = await run(process.execPath, args, { timeout: 60_000 })
  return JSON.parse(stdout) as Figures
}

function row(name: string, spin: string, figures: Figures[]): string[] {
  const shown = (key: keyof Figures, unit: string, digits: number) => {
    const sorted = Float64Array.from(figures, (each) => each[key]).toSorted()
    const at = (part: number) => quantile(sorted, part).toFixed(digits)
    return `${at(0.5)} ${unit} (${at(0.25)} … ${at(0.75)})`
  }
  return [name, spin, shown('p50', 'µs', 1), shown('p99', 'µs', 0), shown('rate', '/s', 0), shown('processor', 'µs', 1)]
}
