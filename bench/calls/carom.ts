import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { Process } from 'carom'
import { ndarray } from 'carom/python'

import { program, root } from '../places.ts'
import type * as Service from './service.ts'
import type { Programs, Way } from './way.ts'

/** `serve: true` over a Node module. */
export async function openNode(): Promise<Way> {
  const module = pathToFileURL(program('calls/service'))
  return served(new Process<typeof Service>(module, { serve: true }))
}

/** `serve: true` over a Python module. */
export async function openPython({ python }: Programs): Promise<Way> {
  const options = { serve: true, interpreter: python }
  const way = await served(new Process(join(root, 'bench/calls/python/service.py'), options))
  return { ...way, give: (array) => way.give!(ndarray(array, [array.length])) }
}

async function served(child: Process<typeof Service>): Promise<Way> {
  await child.start()
  const { remote } = child
  return {
    add: (a, b) => remote.add(a, b),
    give: (array) => remote.give(array),
    take: () => remote.take(),
    close: () => child.stop(),
  }
}
