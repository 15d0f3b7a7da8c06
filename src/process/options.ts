import type { SpawnOptions } from 'node:child_process'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

import * as check from '../api/arguments.js'
import { NODE_SPAWN_OPTIONS } from '../api/node-spawn-options.js'
import { type OptionNames, owned } from '../api/option-names.js'
import { nodeProgram } from './node-program.js'
import type { Program } from './program.js'
import { checkedInterpreter, isPython, pythonFile } from './python/interpreter.js'
import type * as PythonProgram from './python/program.js'
import { signalName } from './signals.js'
import { standard } from './stdio.js'

/**
 * In addition to its own options, a `Process` accepts those of Node's `spawn`: `cwd`, `env`, `uid`, `detached`, `windowsHide`, …
 *
 * @example
 * ```ts
 * import { Process } from 'carom'
 *
 * const stopping = new AbortController()
 * const python = new Process(new URL('./scale.py', import.meta.url), {
 *   target: 'scale',
 *   args: [3],
 *   kwargs: { factor: 4 },
 *   interpreter: process.env.PYTHON ?? 'python3',
 *   name: 'scaler',
 *   daemon: true, // ends with this process
 *   stdio: 'pipe',
 *   execArgv: ['-u'],
 *   keep: false, // connections in args are the child's own
 *   signal: stopping.signal,
 * })
 * await python.start()
 * python.stdout?.on('data', (text) => console.log(`${python.name}: ${text}`.trim())) // scaler: 12
 * await python.join()
 * ```
 *
 * ```python
 * # scale.py
 * import sys
 *
 * def scale(n, factor):
 *     sys.stdout.write(f'{n * factor}\n')
 * ```
 *
 * @example
 * ```ts
 * import { Process } from 'carom'
 *
 * const python = new Process(new URL('./squares.py', import.meta.url), { serve: true, threads: 4 })
 * await python.start()
 * console.log(await Promise.all([python.remote.square(3), python.remote.square(4)])) // [ 9, 16 ]
 * await python.stop()
 * ```
 *
 * ```python
 * # squares.py
 * def square(n):
 *     return n * n
 * ```
 */
export interface ProcessOptions extends SpawnOptions {
  /** The name of the exported function to call. Default `'default'`, the default export; required for Python. */
  target?: string | undefined
  /**
   * The function's arguments: anything that the codec `'structured'` can encode, including connections, listeners and `Handle`s at
   * any depth. Connections are closed here when the process is started, unless `keep` is `true`. Default: none.
   */
  args?: readonly unknown[] | undefined
  /** Keyword arguments, for a Python function. Default: none. */
  kwargs?: Readonly<Record<string, unknown>> | undefined
  /**
   * Whether to serve the module's functions to `process.remote` instead of calling a single one; `daemon` then defaults to `true`.
   * A Node module serves its exported functions; a Python module serves those in `__all__`, or, without one, its own functions
   * whose names have no leading underscore. Default `false`.
   */
  serve?: boolean | undefined
  /**
   * How many threads run the plain functions and generators of a served Python module. Default: the main thread runs
   * them, one call at a time. `async def` functions always run concurrently on one event loop.
   */
  threads?: number | undefined
  /**
   * The command that starts Python, or an array of the command and its arguments: `['uv', 'run', 'python']`. Default
   * `$PYTHON`, else `python3` (`python` on Windows). With this option, Python runs any module; without it, only one whose name
   * ends in `.py`.
   */
  interpreter?: string | readonly string[] | undefined
  /** A name for people to read. Default `Process-1`, `Process-2`, … */
  name?: string | undefined
  /** Whether the process is terminated when this one exits, which then doesn't wait for it. Default `false`. */
  daemon?: boolean | undefined
  /** The child's descriptors 0, 1 and 2, in any form that `child_process.spawn` accepts. Default `'inherit'`. */
  stdio?: SpawnOptions['stdio']
  /**
   * Command-line options for the Node or Python that runs the module. Default for Node: those of this process, so that loaders
   * and conditions are the same.
   */
  execArgv?: readonly string[] | undefined
  /** When aborted, ends the process with `killSignal`, which defaults to SIGTERM. Default: none. */
  signal?: AbortSignal | undefined
  /** Whether connections in `args` also stay open in this process. Default `false`. */
  keep?: boolean | undefined
}

const PROCESS: OptionNames<ProcessOptions> = owned('Process', {
  ...NODE_SPAWN_OPTIONS,
  target: true,
  args: true,
  kwargs: true,
  serve: true,
  threads: true,
  interpreter: true,
  name: true,
  daemon: true,
  execArgv: true,
  keep: true,
})

/** Validated options, with defaults filled in. */
export interface ProcessSettings {
  program: Program
  module: string
  /** `undefined` where the module's functions are served. */
  target: string | undefined
  args: readonly unknown[]
  kwargs: Readonly<Record<string, unknown>>
  serve: { threads?: number | undefined } | undefined
  name: string
  daemon: boolean
  signal: AbortSignal | undefined
  /** The signal that ends the process when `signal` is aborted. */
  killSignal: NodeJS.Signals
  keep: boolean
  /** For Node's `spawn`, which checks them. */
  spawn: Omit<SpawnOptions, 'stdio' | 'signal'> & { stdio: ReturnType<typeof standard> }
}

let count = 0

export function processSettings(module: string | URL, given: ProcessOptions | undefined): ProcessSettings {
  const { target, args, kwargs, serve = false, threads, interpreter, ...others } = check.options(given, PROCESS)
  const { name, daemon = serve, stdio, execArgv, signal, keep = false, ...spawn } = others
  if (name !== undefined && typeof name !== 'string') throw check.invalidType('name', 'a string', name)
  if (execArgv !== undefined && !Array.isArray(execArgv)) {
    throw check.invalidType('execArgv', 'an array of strings', execArgv)
  }
  check.boolean('serve', serve)
  check.boolean('daemon', daemon)
  check.boolean('keep', keep)
  const python = isPython(checkedModule(module), interpreter)
  if (!python) assertForNode({ kwargs, threads })
  return {
    program: python ? pythonOf(interpreter, execArgv ?? []) : nodeProgram(execArgv ?? inheritedExecArgv()),
    module: python ? pythonFile(module) : moduleUrl(module),
    ...(serve ? served({ target, args, kwargs, threads }) : called({ target, args, kwargs, threads }, python)),
    name: name ?? `Process-${++count}`,
    daemon,
    signal: check.abortSignal(signal),
    killSignal: named(spawn.killSignal ?? 'SIGTERM'),
    keep,
    spawn: { ...spawn, stdio: standard(stdio, 'inherit') },
  }
}

function named(signal: NodeJS.Signals | number): NodeJS.Signals {
  return typeof signal === 'string' ? signal : (signalName(signal) ?? 'SIGTERM')
}

type Work = Pick<ProcessSettings, 'target' | 'args' | 'kwargs' | 'serve'>
type WorkOptions = Pick<ProcessOptions, 'target' | 'args' | 'kwargs' | 'threads'>

/** The settings of a process that calls one function. */
function called({ target, args = [], kwargs = {}, threads }: WorkOptions, python: boolean): Work {
  if (threads !== undefined) throw check.invalid('threads are for serve: true: a target is called on the main thread')
  if (target === undefined && python) {
    throw check.invalid(
      'a Python module has no default: name one of its functions as target, or serve all by serve: true',
    )
  }
  if (target !== undefined && typeof target !== 'string') {
    throw check.invalidType('target', 'the name of an exported function (the function itself can’t travel)', target)
  }
  if (!Array.isArray(args)) throw check.invalidType('args', 'an array', args)
  if (typeof kwargs !== 'object' || kwargs === null || Array.isArray(kwargs)) {
    throw check.invalidType('kwargs', 'an object', kwargs)
  }
  return { target: target ?? 'default', args, kwargs, serve: undefined }
}

/** The settings of a process that serves its module's functions. */
function served({ target, args, kwargs, threads }: WorkOptions): Work {
  for (const [option, value] of Object.entries({ target, args, kwargs })) {
    if (value !== undefined) throw check.invalid(`serve: true takes no ${option}: process.remote calls the functions`)
  }
  if (threads !== undefined) check.integer('threads', threads, 1, 1024)
  return { target: undefined, args: [], kwargs: {}, serve: threads === undefined ? {} : { threads } }
}

function assertForNode(options: Pick<ProcessOptions, 'kwargs' | 'threads'>): void {
  for (const [option, value] of Object.entries(options)) {
    if (value === undefined) continue
    throw check.invalid(
      `${option} is for a Python module: one whose name ends in .py, or any with the option interpreter`,
    )
  }
}

/** Loaded on first use: few programs start a Python. */
function pythonOf(interpreter: unknown, execArgv: readonly string[]): Program {
  const { pythonProgram } = require('./python/program.js') as typeof PythonProgram
  return pythonProgram(checkedInterpreter(interpreter), execArgv)
}

function checkedModule(module: unknown): string | URL {
  if (module instanceof URL || typeof module === 'string') return module
  throw check.invalidType('module', 'a URL or a path', module)
}

function moduleUrl(module: string | URL): string {
  if (module instanceof URL) return module.href
  return /^(file|data|node):/.test(module) ? module : pathToFileURL(resolve(module)).href
}

/** This process's `execArgv`, without the options that only select its own program. */
function inheritedExecArgv(): string[] {
  const kept: string[] = []
  for (let n = 0; n < process.execArgv.length; n++) {
    const option = process.execArgv[n]!
    if (/^(-e|--eval|-pe?|--print)$/.test(option)) n++
    else if (!/^--(input-type|eval|print)=/.test(option)) kept.push(option)
  }
  return kept
}
