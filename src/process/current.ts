import { realpathSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

import { onMainThread } from '../native/builtins.js'

/** What a process knows of itself. */
export interface CurrentProcess {
  /** The name that it was started with; `MainProcess` where it was not started by a `Process`. */
  readonly name: string
  readonly pid: number
  /** Whether it ends with its parent. */
  readonly daemon: boolean
}

/** Shared by all loaded copies of the package. */
const KEY = Symbol.for('carom.process')

const shared = globalThis as { [KEY]?: CurrentProcess }

/** This process: in a child that a `Process` has started, what it was started as. */
export function currentProcess(): CurrentProcess {
  return shared[KEY] ?? { name: 'MainProcess', pid: process.pid, daemon: false }
}

export function become(name: string, daemon: boolean): void {
  shared[KEY] = Object.freeze({ name, pid: process.pid, daemon })
}

/**
 * Whether the module of `meta` is the program that was started: so that one file can be both sides, as with Python's
 * `if __name__ == '__main__'`. In a child of `Process` it is false, and in worker threads.
 *
 * ```js
 * export default async function child(connection) { … }
 *
 * if (isMain(import.meta)) {
 *   const worker = new Process(import.meta.url, { args: [end] })
 *   …
 * }
 * ```
 */
export function isMain(meta: { url: string }): boolean {
  const program = process.argv[1]
  if (program === undefined || !onMainThread()) return false
  return pathToFileURL(program).href === meta.url || pathToFileURL(realPath(program)).href === meta.url
}

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
