// Measures one way to call functions: `measure.ts <way> <what> <python> <packages> --warm-up <seconds> --seconds <seconds>`.
// Prints calls a second; where one is under way at a time, the median of nanoseconds for a call.
import { type Bounds, measurement } from '../measurement.ts'
import { rate } from '../rate.ts'
import { quantile } from '../stats.ts'
import { WINDOW } from './window.ts'
import { ELEMENTS, type Way } from './way.ts'
import { ways } from './ways.ts'

const {
  args: [name = '', what = '', python = '', packages = ''],
  bounds,
} = measurement()

async function add(way: Way, n: number): Promise<void> {
  const sum = await way.add(n, 1)
  if (sum !== n + 1) throw new Error(`${n} + 1 is ${sum}`)
}

/** Makes `count` calls, of which `WINDOW` are under way. */
async function many(way: Way, count: number): Promise<void> {
  let begun = 0
  const caller = async (): Promise<void> => {
    while (begun < count) await add(way, begun++)
  }
  await Promise.all(Array.from({ length: WINDOW }, caller))
}

async function latency(way: Way, { warmUp, seconds }: Bounds): Promise<number> {
  const times: number[] = []
  for (const limit of [warmUp, seconds]) {
    times.length = 0
    const end = performance.now() + limit * 1e3
    for (let n = 0; performance.now() < end; n++) {
      const begin = performance.now()
      await add(way, n)
      times.push((performance.now() - begin) * 1e6)
    }
  }
  return quantile(
    times.toSorted((a, b) => a - b),
    0.5,
  )
}

const array = what === 'give' ? new Float64Array(ELEMENTS).fill(1) : undefined

async function give(way: Way, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const [length, last] = await way.give!(array!)
    if (length !== ELEMENTS || last !== 1) throw new Error(`the array arrived as ${length} elements`)
  }
}

async function take(way: Way, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const taken = await way.take!()
    if (taken.length !== ELEMENTS || taken.at(-1) !== 1) throw new Error(`an array of ${taken.length} elements arrived`)
  }
}

const open = await ways[name]!()
const way = await open({ python, packages })
let figure: number
if (what === 'one') figure = await latency(way, bounds)
else {
  const runs = {
    many: way.many ?? ((count: number) => many(way, count)),
    give: (n: number) => give(way, n),
    take: (n: number) => take(way, n),
  }
  const { messages, seconds } = await rate(runs[what as keyof typeof runs], bounds)
  figure = messages / seconds
}
console.log(JSON.stringify(figure))
await way.close()
