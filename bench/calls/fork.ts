import { fork, type SerializationType } from 'node:child_process'
import { once } from 'node:events'

import { program } from '../places.ts'
import type { Open } from './way.ts'

interface Answer {
  id: number
  value?: unknown
  error?: string
}

/** A channel of `fork`, and a table of the requests under way, as programs write it by hand. */
export function openFork(serialization: SerializationType): Open {
  return async () => {
    const child = fork(program('calls/fork-far'), { serialization })
    const requests = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
    let last = 0
    child.on('message', ({ id, value, error }: Answer) => {
      const request = requests.get(id)!
      requests.delete(id)
      if (error === undefined) request.resolve(value as never)
      else request.reject(new Error(error))
    })
    const call = <T>(name: string, ...args: unknown[]): Promise<T> =>
      new Promise((resolve, reject) => {
        const id = ++last
        requests.set(id, { resolve, reject })
        child.send({ id, name, args })
      })
    return {
      add: (a, b) => call('add', a, b),
      ...(serialization === 'advanced' && { give: (array) => call('give', array), take: () => call('take') }),
      async close() {
        const exited = once(child, 'exit')
        child.disconnect()
        await exited
      },
    }
  }
}
