import type * as AsyncHooks from 'node:async_hooks'
import type * as ChildProcess from 'node:child_process'
import type * as Dns from 'node:dns/promises'
import type * as Net from 'node:net'
import type * as Os from 'node:os'
import type * as V8 from 'node:v8'

// Modules of Node that not every program needs are loaded when they are used: together they take as long as all the rest.

/** `node:child_process`. */
export function childProcess(): typeof ChildProcess {
  return process.getBuiltinModule('node:child_process')
}

/** `node:dns/promises`. */
export function dns(): typeof Dns {
  return process.getBuiltinModule('node:dns/promises')
}

/** `node:async_hooks`. */
export function asyncHooks(): typeof AsyncHooks {
  return process.getBuiltinModule('node:async_hooks')
}

/** `node:net`. */
export function net(): typeof Net {
  return process.getBuiltinModule('node:net')
}

/** `node:os`. */
export function os(): typeof Os {
  return process.getBuiltinModule('node:os')
}

/** `node:v8`. */
export function v8(): typeof V8 {
  return process.getBuiltinModule('node:v8')
}

/** Memory that several messages lie in: handing one of them to another thread must not take it from the others. */
export function markAsShared(memory: ArrayBufferLike): void {
  process.getBuiltinModule('node:worker_threads').markAsUntransferable(memory)
}

/** Whether this is the process's main thread, and no worker. */
export function onMainThread(): boolean {
  return process.getBuiltinModule('node:worker_threads').isMainThread
}
