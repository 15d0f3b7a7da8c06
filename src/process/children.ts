import type { Process } from './process.js'

const started = new Set<Process>()

/** Called when `process` has been started; it is counted until it has ended. */
export function addChild(process: Process): void {
  started.add(process)
}

export function removeChild(process: Process): void {
  started.delete(process)
}

/** The processes that this thread has started and that have not ended, in the order in which they were started. */
export function activeChildren(): Process[] {
  return [...started].filter((each) => each.isAlive)
}
