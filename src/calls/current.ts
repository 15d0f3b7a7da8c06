import type { Connection } from '../api/connection.js'

/**
 * The call that a served function answers.
 * See {@link currentCall}.
 */
export interface CurrentCall {
  /** Aborted when the caller gives the call up, and when the connection ends. */
  readonly signal: AbortSignal
  /** Where the call came from. */
  readonly connection: Connection
}

let current: CurrentCall | undefined

/**
 * The call that is being answered: in a served function, or a generator, before its first `await`; `undefined` elsewhere.
 *
 * @example
 * ```ts
 * import { once } from 'node:events'
 * import { pipe } from 'carom'
 * import { call, currentCall, remote, serve } from 'carom/calls'
 *
 * const functions = {
 *   async forEver() {
 *     const { signal } = currentCall()!
 *     await once(signal, 'abort')
 *     console.log('given up') // given up
 *   },
 * }
 * const [client, server] = pipe()
 * void serve(server, functions)
 * const there = remote<typeof functions>(client)
 * await call(there, 'forEver', [], { timeout: 20 }).catch(() => {})
 * ```
 */
export function currentCall(): CurrentCall | undefined {
  return current
}

/** Calls `step`, for which `call` is the current one. */
export function within<T>(call: CurrentCall, step: () => T): T {
  const outer = current
  current = call
  try {
    return step()
  } finally {
    current = outer
  }
}
