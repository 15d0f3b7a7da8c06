// Compiled, never run: what `wait` takes and gives.

import { pipe, wait, waitSync, type Connection, type Waitable } from 'carom'

const [numbers] = pipe<number>()
const [texts] = pipe<string>()

// The result has the type of the objects that were waited on: connections keep their types.
const ready: Connection<number>[] = await wait([numbers])
const readySync: Connection<number>[] = waitSync(new Set([numbers]), { timeout: 0 })
const mixed: (Connection<number> | Connection<string> | number)[] = await wait([numbers, texts, 3])
const waitable: Waitable = numbers
const descriptor: Waitable = 3

for (const connection of await wait([numbers])) {
  const message: number = await connection.recv()
  void message
}

await wait([numbers], { timeout: 1000, signal: AbortSignal.timeout(1) })
// @ts-expect-error: waitSync cannot be aborted
waitSync([numbers], { signal: AbortSignal.timeout(1) })
// @ts-expect-error: a string is nothing to wait for
await wait(['3'])
// @ts-expect-error: one object is no list
await wait(numbers)
// @ts-expect-error: a timeout is a number
await wait([numbers], { timeout: '1s' })

void [ready, readySync, mixed, waitable, descriptor]
