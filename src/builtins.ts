// Modules of Node that not every program needs are loaded when they are used: together they take as long as all the rest.

/** `node:child_process`. */
export function childProcess(): typeof import('node:child_process') {
  return process.getBuiltinModule('node:child_process')
}

/** `node:v8`. */
export function v8(): typeof import('node:v8') {
  return process.getBuiltinModule('node:v8')
}

/** Whether this is the process's main thread, and no worker. */
export function onMainThread(): boolean {
  return process.getBuiltinModule('node:worker_threads').isMainThread
}
