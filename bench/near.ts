// The measuring process of one case: `near.ts <rival> <workload> --warm-up <seconds> --seconds <seconds>`. It starts the far
// process and prints one line of JSON, a `Sample`.
import { once } from 'node:events'

import { measurement } from './measurement.ts'
import { program } from './places.ts'
import { processorTimeOf } from './processor-time.ts'
import { rivalNamed } from './rivals.ts'
import { workloadNamed } from './workloads.ts'

const {
  args: [rival = '', workload = ''],
  bounds,
} = measurement()

const far = { file: program('far'), args: [rival, workload] }
const { end, child } = await (await rivalNamed(rival)).open(far)
const gone = once(child, 'exit')
const farPid = 'pid' in child ? child.pid : undefined
const processorTime = () => {
  const ours = processorTimeOf(process.pid)
  // A worker's thread is one of this process's.
  const theirs = farPid === undefined ? 0 : processorTimeOf(farPid)
  return ours === undefined || theirs === undefined ? undefined : ours + theirs
}
const sample = await Promise.race([
  workloadNamed(workload).near(end, bounds, processorTime),
  gone.then(() => {
    throw new Error('the far process has gone before the measurement was over')
  }),
])
await end.close()
const [code] = await gone
if (code !== 0) throw new Error(`the far process exited with ${code}`)
console.log(JSON.stringify(sample))
