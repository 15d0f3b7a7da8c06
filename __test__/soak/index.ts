// npm run soak [-- --minutes 10] [--connections 200] [--clients 10000] [--flood 5000] [--seed n] [--json file] [--chart file]
//
// Load for a bounded time. Fails where a message is lost or comes twice, where memory or descriptors are not given back, or
// where an honest client isn't served.

import { writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { crowd, flood } from './crowds.ts'
import type { Sample } from './samples.ts'
import { traffic } from './traffic.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '0.5' },
    connections: { type: 'string', default: '200' },
    clients: { type: 'string', default: '2000' },
    flood: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    json: { type: 'string' },
    chart: { type: 'string' },
  },
})
const MiB = 1024 * 1024
const FLAT = 96 * MiB

const mib = (bytes: number): string => `${(bytes / MiB).toFixed(1)} MiB`
const faults: string[] = []

/** Prints how far memory and descriptors grew, and records a fault where they grew too much. */
function isFlat(what: string, before: Sample, after: Sample): void {
  const [rss, external] = [after.rss - before.rss, after.external - before.external]
  const line = `rss ${mib(before.rss)} → ${mib(after.rss)}, external ${mib(before.external)} → ${mib(after.external)}`
  console.log(`  ${line}, descriptors ${before.descriptors} → ${after.descriptors}`)
  if (rss > FLAT || external > FLAT) faults.push(`${what}: memory grew by ${mib(Math.max(rss, external))}`)
  if (after.descriptors > before.descriptors) {
    faults.push(`${what}: ${after.descriptors - before.descriptors} descriptors are left open`)
  }
}

const number = (text: string | undefined): number => Number(text)
const seed = number(values.seed)
const driver = process.env['CAROM_DRIVER'] ?? 'default'
console.log(`Node ${process.version}, ${process.platform} ${release()}, driver ${driver}, seed ${seed}`)

const connections = number(values.connections)
console.log(`\n${connections} connections at a time, for ${values.minutes} minutes`)
const load = await traffic({ connections, milliseconds: number(values.minutes) * 60_000, seed })
console.log(`  ${load.messages} messages, ${mib(load.bytes)}, each checked; ${load.aborted} receives aborted`)
console.log(`  children killed ${load.kills} times, stopped ${load.stops} times`)
for (const [kind, count] of Object.entries(load.connections)) console.log(`  ${count} connections: ${kind}`)
isFlat('traffic', load.before, load.after)

console.log(`\n${values.clients} clients at once`)
const many = await crowd(number(values.clients))
console.log(`  all accepted and answered in ${many.milliseconds} ms; ${many.open.descriptors} descriptors were open`)
isFlat('clients', many.before, many.after)

console.log(`\n${values.flood} clients without the key, beside an honest one`)
const storm = await flood(number(values.flood))
const { honest } = storm
console.log(
  `  ${storm.refused} refused; the honest one was served ${honest.count} times, median ${honest.median} ms, longest ${honest.longest} ms`,
)
isFlat('flood', storm.before, storm.after)

if (values.json) {
  const machine = { cpu: cpus()[0]?.model, processors: cpus().length, memory: totalmem(), kernel: release() }
  const report = { node: process.version, driver, machine, seed, faults, traffic: load, clients: many, flood: storm }
  writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`)
}
if (values.chart) {
  const { chart } = await import('./chart.ts')
  writeFileSync(values.chart, chart(load.samples))
}
console.log(faults.length === 0 ? '\nAll as promised.' : `\nBROKEN:\n${faults.join('\n')}`)
process.exitCode = faults.length === 0 ? 0 : 1
