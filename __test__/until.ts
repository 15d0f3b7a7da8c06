// Waits for a condition that a test expects: no sleep decides an order, and only a deadline far away ends the wait.

const DEADLINE = 300_000

/** Resolves when `condition` holds; rejects with `expectation` when it does not hold within five minutes. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  expectation: string | (() => string),
): Promise<void> {
  const deadline = performance.now() + DEADLINE
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(typeof expectation === 'string' ? expectation : expectation())
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

/** Lets the event loop go round, for tests that something does *not* happen although it had the chance. */
export async function turns(count = 50): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Watches a promise without waiting for it. */
export function watch(promise: Promise<unknown>): { settled: boolean } {
  const state = { settled: false }
  const settle = (): void => {
    state.settled = true
  }
  promise.then(settle, settle)
  return state
}
