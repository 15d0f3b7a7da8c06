import { fileURLToPath } from 'node:url'
import { resolve } from 'node:path'

import { invalidType, outOfRange } from '../../api/arguments.js'

/** Whether a module is Python's: by its name, or because the caller names an interpreter. */
export function isPython(module: string | URL, interpreter: unknown): boolean {
  return interpreter !== undefined || (module instanceof URL ? module.pathname : module).endsWith('.py')
}

/** The command that starts Python, and its first arguments. */
export function checkedInterpreter(given: unknown): string[] {
  if (given === undefined) return [process.env['PYTHON'] || (process.platform === 'win32' ? 'python' : 'python3')]
  if (typeof given === 'string' && given !== '') return [given]
  if (Array.isArray(given) && given.length > 0 && given.every((each) => typeof each === 'string')) return [...given]
  throw invalidType('interpreter', "a command, or an array of one and its arguments: ['uv', 'run', 'python']", given)
}

/** The file of a Python module. */
export function pythonFile(module: string | URL): string {
  if (typeof module === 'string' && !module.startsWith('file:')) return resolve(module)
  const url = typeof module === 'string' ? new URL(module) : module
  if (url.protocol !== 'file:') throw outOfRange('module', 'a path, or a file: URL, for Python', url.href)
  return fileURLToPath(url)
}
