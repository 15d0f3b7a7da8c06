// The measuring process of one load: `near.ts <load> <spin> <seconds> <transport>`. It starts the far process and prints `Figures`.
import { spawn } from 'node:child_process'

import { type Connection, pipe } from 'carom'

import { program } from '../places.ts'
import { nanoseconds } from '../rate.ts'
import type { Figures } from '../spin.ts'
import { quantile } from '../stats.ts'
import { loads, optionsOf } from './loads.ts'

/** Seconds before anything is measured, for the compiler; pairs that share the processors need as many times longer. */
const WARM_UP = 0.5

const [name = '', spin = '', seconds = '', transport = ''] = process.argv.slice(2)
const load = loads[name]
if (!load) throw new RangeError(`no load is called ${JSON.stringify(name)}`)

const [messages, theirMessages] = pipe(optionsOf(spin, transport))
// Orders to the far process don't go through the connection that is measured.
const [orders, theirOrders] = pipe({ codec: 'json', spin: 0 })
const child = spawn(process.execPath, [...process.execArgv, program('spin/far'), spin, transport], {
  stdio: ['ignore', 'inherit', 'inherit', theirMessages.fd, theirOrders.fd],
})
await Promise.all([theirMessages.close(), theirOrders.close()])

await load.run(messages, Date.now() + WARM_UP * (load.pairs ?? 1) * 1e3)
const before = await used(orders)
const start = performance.now()
const latencies = await load.run(messages, Date.now() + Number(seconds) * 1e3)
const took = performance.now() - start
const processor = (await used(orders)) - before

const sorted = Float64Array.from(latencies).toSorted()
const count = sorted.length
const figures: Figures = {
  p50: count > 0 ? quantile(sorted, 0.5) * 1e3 : 0,
  p99: count > 0 ? quantile(sorted, 0.99) * 1e3 : 0,
  rate: (count / took) * 1e3,
  processor: processor / 1e3 / (count > 0 ? count : took / 1e3),
}
console.log(JSON.stringify(figures))
await Promise.all([messages.close(), orders.close()])
child.ref()

/** The processor time of both processes, in nanoseconds. */
async function used(connection: Connection): Promise<number> {
  await connection.send('processor time')
  return nanoseconds(process.cpuUsage()) + ((await connection.recv()) as number)
}
