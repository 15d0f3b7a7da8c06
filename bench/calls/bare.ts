import { pathToFileURL } from 'node:url'

import { type Connection, pipe, Process } from 'carom'

import { program } from '../places.ts'
import { WINDOW } from './window.ts'
import type { Way } from './way.ts'

interface Answer {
  id: number
  value: number
}

/** Objects sent and received, and nothing that matches an answer with its request but their order. */
export async function openBare(): Promise<Way> {
  const [here, there] = pipe<Answer, unknown>()
  const child = new Process(pathToFileURL(program('calls/bare-far')), { target: 'answer', args: [there] })
  await child.start()
  return {
    async add(a, b) {
      await here.send({ id: 0, name: 'add', args: [a, b] })
      return (await here.recv()).value
    },
    many: (count) => exchange(here, count),
    async close() {
      await here.close()
      await child.join()
      child.close()
    },
  }
}

/** Sends `count` requests, of which `WINDOW` are under way, and takes the answers by a callback. */
async function exchange(here: Connection<Answer, unknown>, count: number): Promise<void> {
  let sent = 0
  let received = 0
  const send = (): void => {
    if (sent < count) void here.send({ id: sent, name: 'add', args: [sent++, 1] })
  }
  const enough = new AbortController()
  const done = here.forEach(
    ({ id, value }) => {
      if (id !== received || value !== id + 1) throw new Error(`the answer ${value} to the request ${id}`)
      if (++received === count) enough.abort()
      send()
    },
    { signal: enough.signal },
  )
  for (let n = 0; n < WINDOW; n++) send()
  await done.catch((error: unknown) => {
    if (received < count) throw error
  })
}
