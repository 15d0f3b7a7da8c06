import { createRequire } from 'node:module'
import { join } from 'node:path'

import { root } from '../places.ts'
import type { Programs, Way } from './way.ts'

interface Shell {
  on(event: 'message', listener: (answer: { id: number; value: never }) => void): void
  send(message: object): void
  end(callback: (error?: Error) => void): void
}

interface PythonShellPackage {
  PythonShell: new (script: string, options: object) => Shell
}

/** Its `json` mode: a line of JSON for each request and answer; the table of requests is the program's own. */
export async function openPythonShell({ python, packages }: Programs): Promise<Way> {
  const { PythonShell } = createRequire(`${packages}/`)('python-shell') as PythonShellPackage
  const script = join(root, 'bench/calls/python/lines.py')
  const shell = new PythonShell(script, { mode: 'json', pythonPath: python, pythonOptions: ['-u'] })
  const requests = new Map<number, (value: never) => void>()
  let last = 0
  shell.on('message', ({ id, value }) => {
    requests.get(id)!(value)
    requests.delete(id)
  })
  return {
    add: (a, b) =>
      new Promise((resolve) => {
        requests.set(++last, resolve)
        shell.send({ id: last, name: 'add', args: [a, b] })
      }),
    close: () => new Promise((resolve, reject) => shell.end((error) => (error ? reject(error) : resolve()))),
  }
}
