import type { SpawnOptions } from 'node:child_process'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

import * as check from '../api/arguments.js'
import { PROCESS } from '../api/option-names.js'
import { standard } from './stdio.js'

/** Beside its own, a `Process` takes the options of Node's `spawn`: `cwd`, `env`, `uid`, `detached`, `windowsHide`, … */
export interface ProcessOptions extends SpawnOptions {
  /** The name of the exported function to call. Default `'default'`, the default export. */
  target?: string | undefined
  /**
   * What it is called with: anything that the codec `'structured'` carries, with connections, listeners and `Handle`s at any
   * depth. Connections are closed here when the process is started.
   */
  args?: readonly unknown[] | undefined
  /** For people. Default `Process-1`, `Process-2`, … */
  name?: string | undefined
  /** Whether it ends with this process, and this process doesn't wait for it to end. Default `false`. */
  daemon?: boolean | undefined
  /** Its descriptors 0, 1 and 2, in any form that `child_process.spawn` takes. Default `'inherit'`. */
  stdio?: SpawnOptions['stdio']
  /** Options of the Node that runs it. Default: this process's, so that loaders and conditions are the same. */
  execArgv?: readonly string[] | undefined
  /** Ends the process when it is aborted, by `killSignal`, which is SIGTERM unless you say otherwise. */
  signal?: AbortSignal | undefined
  /** Whether connections in `args` stay open here too. Default `false`. */
  keep?: boolean | undefined
}

/** Options that have been checked, and their defaults filled in. */
export interface ProcessSettings {
  module: string
  target: string
  args: readonly unknown[]
  name: string
  daemon: boolean
  execArgv: readonly string[]
  signal: AbortSignal | undefined
  keep: boolean
  /** For Node's `spawn`, which checks them. */
  spawn: Omit<SpawnOptions, 'stdio' | 'signal'> & { stdio: ReturnType<typeof standard> }
}

let count = 0

export function processSettings(module: string | URL, given: ProcessOptions | undefined): ProcessSettings {
  const { target = 'default', args = [], name, daemon = false, stdio, ...rest } = check.options(given, PROCESS)
  const { execArgv = inheritedExecArgv(), signal, keep = false, ...spawn } = rest
  if (typeof target !== 'string') {
    throw check.invalidType('target', 'the name of an exported function (the function itself can’t travel)', target)
  }
  if (!Array.isArray(args)) throw check.invalidType('args', 'an array', args)
  if (name !== undefined && typeof name !== 'string') throw check.invalidType('name', 'a string', name)
  if (!Array.isArray(execArgv)) throw check.invalidType('execArgv', 'an array of strings', execArgv)
  check.boolean('daemon', daemon)
  check.boolean('keep', keep)
  return {
    module: moduleUrl(module),
    target,
    args,
    name: name ?? `Process-${++count}`,
    daemon,
    execArgv: execArgv as readonly string[],
    signal: check.abortSignal(signal),
    keep,
    spawn: { ...spawn, stdio: standard(stdio, 'inherit') },
  }
}

function moduleUrl(module: string | URL): string {
  if (module instanceof URL) return module.href
  if (typeof module !== 'string') throw check.invalidType('module', 'a URL or a path', module)
  return /^(file|data|node):/.test(module) ? module : pathToFileURL(resolve(module)).href
}

/** This process's, without what only says what its own program is. */
function inheritedExecArgv(): string[] {
  const kept: string[] = []
  for (let n = 0; n < process.execArgv.length; n++) {
    const option = process.execArgv[n]!
    if (/^(-e|--eval|-pe?|--print)$/.test(option)) n++
    else if (!/^--(input-type|eval|print)=/.test(option)) kept.push(option)
  }
  return kept
}
