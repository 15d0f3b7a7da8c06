import { realpathSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

import { isStarting, setStarting } from '../native/binding.js'
import { onMainThread } from '../native/builtins.js'
import { BOOTSTRAP } from './bootstrap-file.js'

/**
 * A process's knowledge of itself.
 * See {@link currentProcess}.
 */
export interface CurrentProcess {
  /** The name that it was started with; `MainProcess` where it was not started by a `Process`. */
  readonly name: string
  /** Its id. */
  readonly pid: number
  /** Whether it ends with its parent. */
  readonly daemon: boolean
}

/** Shared by all loaded copies of the package. */
const KEY = Symbol.for('carom.process')

const shared = globalThis as { [KEY]?: CurrentProcess }

/**
 * This process: in a child that a `Process` has started, what it was started as.
 *
 * @example
 * ```ts
 * import { currentProcess, isMain, Process } from 'carom'
 *
 * export default function child() {
 *   console.log(currentProcess().name, currentProcess().daemon) // counter true
 * }
 *
 * if (isMain(import.meta)) {
 *   const counter = new Process(import.meta.url, { name: 'counter', daemon: true })
 *   await counter.start()
 *   await counter.join()
 * }
 * ```
 */
export function currentProcess(): CurrentProcess {
  return shared[KEY] ?? { name: 'MainProcess', pid: process.pid, daemon: false }
}

export function become(name: string, daemon: boolean): void {
  shared[KEY] = Object.freeze({ name, pid: process.pid, daemon })
}

/** The module that this process imports, as the child of a `Process`, before it calls the target. */
let module: string | undefined

/** Says which module this process imports now; `undefined`: it has been imported. */
export function importing(url: string | undefined): void {
  module = url
  setStarting(url !== undefined)
}

/**
 * Why this process may start no process yet, if so: it is a child whose own module is still being imported, and what the module
 * does there, each child would do in turn. That holds for its threads too, and for what is loaded before the module.
 */
export function whyNotYet(): string | undefined {
  const early = process.argv[1] === BOOTSTRAP && onMainThread() && shared[KEY] === undefined
  if (!early && !isStarting()) return undefined
  const { name } = currentProcess()
  const child = shared[KEY] ? `this process, the child ${name},` : 'this process, itself a child,'
  return [
    `${child} still imports ${module ?? 'the module of its target'}: each child would run the code outside its functions again, and start children without end.`,
    'Let only the main program start processes, with `if (isMain(import.meta)) { … }` around it;',
    'in a CommonJS module, `if (require.main === module) { … }`',
  ].join(' ')
}

/**
 * Whether the module of `meta` is the program that was started: so that one file can be both sides, as with Python's
 * `if __name__ == '__main__'`. In a child of `Process` it is false, and in worker threads.
 *
 * @example
 * ```ts
 * import { type Connection, isMain, pipe, Process } from 'carom'
 *
 * export default async function child(connection: Connection) {
 *   await connection.send(`${process.pid === process.ppid}`)
 * }
 *
 * if (isMain(import.meta)) {
 *   const [here, there] = pipe()
 *   await new Process(import.meta.url, { args: [there] }).start()
 *   console.log(await here.recv()) // false
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
