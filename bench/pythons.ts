import { join } from 'node:path'

import { type Interpreter, interpreters, virtualEnvironment } from '../__test__/interpreters.ts'
import { root } from './places.ts'

/** The Pythons that are compared with, each where there is one: the newest of the machine, and that with billiard. */
export interface Pythons {
  python?: Interpreter
  billiard?: Interpreter
}

/** Looks for Pythons, and tells `missing` why there is none. */
export async function findPythons(missing: (who: 'python' | 'billiard', reason: string) => void): Promise<Pythons> {
  const found: Pythons = {}
  try {
    found.python = (await interpreters()).at(-1)!
  } catch (error) {
    missing('python', (error as Error).message)
  }
  try {
    found.billiard = await virtualEnvironment()
  } catch (error) {
    missing('billiard', (error as Error).message.split('\n', 1)[0]!)
  }
  return found
}

/** The command that measures Python's `multiprocessing`, or billiard. */
export function pythonProgram(library: 'python' | 'billiard', pythons: Pythons): string[] {
  const python = pythons[library]
  if (!python) throw new Error(`there is no Python for ${library}`)
  return [python.path, join(root, 'bench/python/pipe.py'), library === 'python' ? 'multiprocessing' : 'billiard']
}
