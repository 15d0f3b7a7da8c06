// Several pairs of processes at once: `pairs.ts <pairs> <rival> <workload> --warm-up <seconds> --seconds <seconds>` measures a
// round trip in each, and prints how many all of them made.
import type { Case } from './cases.ts'
import { measure } from './measure.ts'
import { measurement } from './measurement.ts'
import type { LatencySample, RateSample } from './workload.ts'

const {
  args: [pairs, rival = '', workload = ''],
  bounds,
} = measurement()

const one: Case = { rival, workload }
const found = await Promise.all(Array.from({ length: Number(pairs) }, () => measure(one, bounds, {})))
const messages = found.reduce((sum, sample) => sum + (sample as LatencySample).samples, 0)
const sample: RateSample = { messages, bytes: 0, seconds: bounds.seconds }
console.log(JSON.stringify(sample))
