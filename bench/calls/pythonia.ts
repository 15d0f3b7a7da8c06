import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { root } from '../places.ts'
import type { Programs, Way } from './way.ts'

interface Pythonia {
  python: ((module: string) => Promise<Pick<Way, 'add'>>) & { exit(): void }
}

/** Arrays are left out: it sends them as JSON, an element at a time. */
export async function openPythonia({ python, packages }: Programs): Promise<Way> {
  process.env['PYTHON_BIN'] = python
  const file = createRequire(`${packages}/`).resolve('pythonia')
  const { python: imported } = (await import(pathToFileURL(file).href)) as Pythonia
  const service = await imported(join(root, 'bench/calls/python/service.py'))
  return { add: (a, b) => service.add(a, b), close: () => imported.exit() }
}
