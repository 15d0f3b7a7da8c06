import type { SpawnOptions as NodeSpawnOptions } from 'node:child_process'

import type { AuthenticationOptions } from './authentication.js'
import type { ConnectOptions, ConnectSyncOptions } from './connect.js'
import type { ReceiveOptions } from './connection.js'
import type { KeepAliveOptions } from './keep-alive.js'
import type { ListenerOptions } from './listener.js'
import { nearest } from './nearest.js'
import type { ConnectionOptions, Directions } from './options.js'
import type { PipeOptions } from './pipe.js'
import type { SpawnOptions } from './spawn.js'
import type { WaitOptions, WaitSyncOptions } from './wait.js'
import type { PickleOptions } from '../codecs/pickle/options.js'
import type { ProcessOptions } from '../process/options.js'

/**
 * The options of a function, all of them: a name that is not here is refused, since an option that is ignored may be the one
 * that was to keep others out. The compiler compares each table with the options' type.
 */
export interface OptionNames<T extends object> {
  /** The function, as callers write it. */
  readonly owner: string
  readonly names: Readonly<Record<keyof T, true>>
}

const CONNECTION_OPTIONS: Record<keyof ConnectionOptions, true> = {
  codec: true,
  maxMessageSize: true,
  highWaterMark: true,
  spin: true,
  descriptors: true,
  readAhead: true,
}

const AUTHENTICATION_OPTIONS: Record<keyof AuthenticationOptions, true> = {
  authkey: true,
  digests: true,
  dialect: true,
  handshakeTimeout: true,
}

const KEEP_ALIVE_OPTIONS: Record<keyof KeepAliveOptions, true> = {
  keepAlive: true,
  keepAliveInitialDelay: true,
}

const CONNECT_SYNC_OPTIONS: Record<keyof ConnectSyncOptions, true> = {
  ...CONNECTION_OPTIONS,
  ...AUTHENTICATION_OPTIONS,
  ...KEEP_ALIVE_OPTIONS,
  family: true,
  timeout: true,
  retry: true,
}

/** Those of Node's own `spawn`. */
const NODE_SPAWN_OPTIONS: Record<keyof NodeSpawnOptions, true> = {
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

const owned = <T extends object>(owner: string, names: Record<keyof T, true>): OptionNames<T> => ({ owner, names })

/** Of a call that receives, or accepts. */
export const receiving = (owner: string): OptionNames<ReceiveOptions> => owned<ReceiveOptions>(owner, { signal: true })

export const CONNECT: OptionNames<ConnectOptions> = owned('connect', { ...CONNECT_SYNC_OPTIONS, signal: true })
export const CONNECT_SYNC: OptionNames<ConnectSyncOptions> = owned('connectSync', CONNECT_SYNC_OPTIONS)
export const CONNECTION_FROM_FD: OptionNames<ConnectionOptions & Directions> = owned('Connection.fromFd', {
  ...CONNECTION_OPTIONS,
  readable: true,
  writable: true,
})
export const LISTENER: OptionNames<ListenerOptions> = owned('Listener', {
  ...CONNECTION_OPTIONS,
  ...AUTHENTICATION_OPTIONS,
  ...KEEP_ALIVE_OPTIONS,
  family: true,
  backlog: true,
  mode: true,
  replace: true,
})
export const LISTENER_FROM_FD: OptionNames<ConnectionOptions & AuthenticationOptions> = owned('Listener.fromFd', {
  ...CONNECTION_OPTIONS,
  ...AUTHENTICATION_OPTIONS,
})
export const PICKLE: OptionNames<PickleOptions> = owned('pickle', {
  tuples: true,
  naive: true,
  unknown: true,
  classes: true,
  forward: true,
  exceptions: true,
})
export const PIPE: OptionNames<PipeOptions> = owned('pipe', {
  ...CONNECTION_OPTIONS,
  duplex: true,
  rnonblock: true,
  wnonblock: true,
})
export const PROCESS: OptionNames<ProcessOptions> = owned('Process', {
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
export const SPAWN: OptionNames<SpawnOptions> = owned('spawn', {
  ...NODE_SPAWN_OPTIONS,
  connections: true,
  keep: true,
})
export const WAIT: OptionNames<WaitOptions> = owned('wait', { timeout: true, signal: true })
export const WAIT_SYNC: OptionNames<WaitSyncOptions> = owned('waitSync', { timeout: true })

/** Why `name` is refused, and what the caller may have meant. */
export function unknownOption(name: string, { owner, names }: OptionNames<object>): string {
  if (name === 'timeout' && 'signal' in names) {
    const first = owner === 'poll' ? ', or the time as the first argument' : ''
    return `${owner} has no option 'timeout': give it { signal: AbortSignal.timeout(milliseconds) }${first}`
  }
  return `${owner} has no option '${name}'${nearest(name, Object.keys(names))}`
}
