import { readdirSync, readFileSync } from 'node:fs'

/** Nanoseconds of processor time that the threads of process `pid` have spent so far; `undefined` where the system does not say it exactly. */
export function processorTimeOf(pid: number): number | undefined {
  if (process.platform !== 'linux') return undefined
  const threads = `/proc/${pid}/task`
  let sum = 0
  for (const thread of readdirSync(threads)) {
    sum += Number(readFileSync(`${threads}/${thread}/schedstat`, 'utf8').split(' ', 1)[0])
  }
  return sum
}
