/**
 * Pipes, framed connections and a wait over many of them: Python's `multiprocessing.connection` for Node.js.
 *
 * @packageDocumentation
 */
export { type Address, type Family, type TcpAddress } from './api/address.js'
export type { AuthenticationOptions, Digest } from './api/authentication.js'
export type { CodecOption } from './codecs/codec.js'
export type { Codec } from './codecs/coder.js'
export { connect, connect as Client, connectSync } from './api/connect.js'
export type { ConnectOptions, ConnectSyncOptions } from './api/connect-options.js'
export { Connection, type ConnectionStats, type PeerCredentials } from './api/connection.js'
export type { ByteMessages } from './api/iteration.js'
export * from './api/errors.js'
export { Handle } from './api/handle.js'
export type { KeepAliveOptions } from './api/keep-alive.js'
export { Listener } from './api/listener.js'
export type { ListenerOptions } from './api/listener-options.js'
export type { ConnectionOptions, Directions } from './api/options.js'
export { pipe, pipe as Pipe, type PipeOptions } from './api/pipe.js'
export { type CurrentProcess, currentProcess, isMain } from './process/current.js'
export type { ProcessOptions } from './process/options.js'
export { activeChildren, Process } from './process/process.js'
export type { TransportOptions } from './api/transport.js'
export type { ReceiveOptions } from './api/receive-options.js'
export { spawn, type SpawnOptions } from './api/spawn.js'
export { wait, waitSync, type Waitable, type WaitOptions, type WaitSyncOptions } from './api/wait.js'
