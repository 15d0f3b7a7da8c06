// The measuring process of one case with many connections: `near.ts <round trip, memory or load> <rival> <idle connections>
// --warm-up <seconds> --seconds <seconds>`. Both processes wait for a message of every connection.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

import { measurement } from '../measurement.ts'
import { program } from '../places.ts'
import { nanoseconds } from '../rate.ts'
import type { End } from '../rival.ts'
import type { Bounds } from '../measurement.ts'
import type { Sample } from '../workload.ts'
import { payloadOf } from '../workloads/bytes.ts'
import { latency } from '../workloads/round-trip.ts'
import { meetingNamed } from './meeting.ts'
import { memory } from './memory.ts'

const {
  args: [what, rival = '', idle = '0'],
  bounds,
} = measurement()
/** Where memory is measured, half of the connections pay for what grows once, such as V8's young generation. */
const first = what === 'memory' ? Number(idle) / 2 : 1
const count = what === 'memory' ? Number(idle) - first : Number(idle)
/** Milliseconds without work until nothing is left of what came before, and in which a timer's own work is little. */
const SETTLING = 1000
const meeting = meetingNamed(rival)
const folder = mkdtempSync(join(tmpdir(), 'carom-bench-'))
const path = join(folder, 'crowd')
const listening = await meeting.listen(path)
const child = spawn(
  process.execPath,
  [...process.execArgv, program('crowd/far'), rival, path, String(first), String(count)],
  {
    stdio: ['ignore', 'pipe', 'inherit'],
  },
)
const gone = once(child, 'exit')
const early = gone.then(() => {
  throw new Error('the far process has gone before the measurement was over')
})
const ready = once(child.stdout, 'data')

const ends: End[] = []
async function accept(): Promise<void> {
  const end = await listening.accept()
  ends.push(end)
  // The first one is the busy one.
  if (meeting.waits && ends.length > 1) void end.echo()
}

console.log(JSON.stringify(await Promise.race([measure(bounds), early])))
// The other ends close when the far process has gone.
await ends[0]!.close()
listening.close()
const [code] = await gone
rmSync(folder, { recursive: true })
if (code !== 0) throw new Error(`the far process exited with ${code}`)

async function measure({ warmUp, seconds }: Bounds): Promise<Sample> {
  for (let i = 0; i < first; i++) await accept()
  const before = await memory()
  for (let i = 0; i < count; i++) await accept()
  const farMemory = Number(String((await ready)[0]))
  const nearMemory = (await memory()) - before

  if (what === 'memory') return { cost: 'memory', value: nearMemory / count, far: farMemory / count }
  if (what === 'round trip') return latency({ warmUp, seconds }, (again) => ends[0]!.ping(payloadOf(64), again))
  await setTimeout(warmUp * 1e3 + SETTLING)
  const used = process.cpuUsage()
  const start = performance.now()
  await setTimeout(seconds * 1e3 + SETTLING)
  return { cost: 'load', value: nanoseconds(process.cpuUsage(used)) / ((performance.now() - start) * 1e6) }
}
