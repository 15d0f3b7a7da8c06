import type { SpawnOptions } from 'node:child_process'

/** The options of Node's own `spawn`, which `spawn` and `Process` take too. */
export const NODE_SPAWN_OPTIONS: Record<keyof SpawnOptions, true> = {
  argv0: true,
  cwd: true,
  detached: true,
  env: true,
  gid: true,
  killSignal: true,
  serialization: true,
  shell: true,
  signal: true,
  stdio: true,
  timeout: true,
  uid: true,
  windowsHide: true,
  windowsVerbatimArguments: true,
}
