/**
 * Pipes, framed connections and a wait over many of them: Python's `multiprocessing.connection` for Node.js.
 *
 * @packageDocumentation
 */
export { type Address, type Family, type TcpAddress } from './address.js'
export type { AuthenticationOptions, Digest } from './authentication.js'
export type { Codec, CodecOption } from './codec.js'
export { connect, connect as Client, type ConnectOptions, connectSync, type ConnectSyncOptions } from './connect.js'
export { Connection, type ConnectionStats, type PeerCredentials, type ReceiveOptions } from './connection.js'
export * from './errors.js'
export { Handle } from './handle.js'
export { Listener, type ListenerOptions } from './listener.js'
export type { ConnectionOptions, Directions } from './options.js'
export type { NumpyArray } from './pickle/numpy.js'
export * from './pickle/python-types.js'
export { pipe, pipe as Pipe, type PipeOptions } from './pipe.js'
export { type CurrentProcess, currentProcess, isMain } from './process/current.js'
export type { ProcessOptions } from './process/options.js'
export { Process } from './process/process.js'
export { spawn, type SpawnOptions } from './spawn.js'
export { wait, waitSync, type Waitable, type WaitOptions } from './wait.js'
