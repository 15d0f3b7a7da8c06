import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'

import { program } from '../places.ts'
import type { Programs, Way } from './way.ts'

/** Comlink's exports that are used here. */
export interface Comlink {
  wrap(endpoint: unknown): Omit<Way, 'close'>
  expose(value: unknown, endpoint: unknown): void
}

export function comlinkOf(packages: string): { comlink: Comlink; nodeEndpoint: (port: unknown) => unknown } {
  const require = createRequire(`${packages}/`)
  return { comlink: require('comlink'), nodeEndpoint: require('comlink/dist/umd/node-adapter.js') }
}

/** Comlink over the port of a worker thread: the same process. */
export async function openComlink({ packages }: Programs): Promise<Way> {
  const { comlink, nodeEndpoint } = comlinkOf(packages)
  const worker = new Worker(program('calls/comlink-far'), { workerData: packages })
  const remote = comlink.wrap(nodeEndpoint(worker))
  return {
    add: (a, b) => remote.add(a, b),
    give: (array) => remote.give!(array),
    take: () => remote.take!(),
    close: async () => void (await worker.terminate()),
  }
}
