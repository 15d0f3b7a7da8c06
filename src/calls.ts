/**
 * Calls of functions over a connection, both ways.
 *
 * @packageDocumentation
 */
export type { Call } from './calls/call.js'
export { type CurrentCall, currentCall } from './calls/current.js'
export { type AnyRemote, call, type CallOptions, remote, type Remote, type RemoteResult } from './calls/remote.js'
export { serve, type ServeOptions } from './calls/serve.js'
