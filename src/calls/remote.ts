import { abortSignal, invalidType, options, timeout as checkedTimeout } from '../api/arguments.js'
import type { OptionNames } from '../api/option-names.js'
import type { Connection } from '../api/connection.js'
import { TimeoutError } from '../api/errors.js'
import { onAbort } from '../event-loop/abort.js'
import { clearTimeout, setTimeout } from '../event-loop/timers.js'
import type { Call } from './call.js'
import { calleeOf, facade } from './facade.js'
import type { KeywordArguments } from './messages.js'
import { sessionOf } from './session.js'

/** A function of unknown type. */
export type AnyFunctions = Record<string, (...args: never[]) => unknown>

/**
 * The result of calling a function that returns `R`: a value to await, or a stream to iterate over.
 * See {@link remote}.
 */
export type RemoteResult<R> = R extends AsyncIterable<infer Item> | Generator<infer Item>
  ? Call<never, Item>
  : Call<Awaited<R>, never>

type RemoteFunction<F> = F extends (...args: infer Args) => infer R ? (...args: Args) => RemoteResult<R> : never

/**
 * The functions of a peer: `remote<typeof functions>(connection)`.
 * See {@link remote}.
 */
export type Remote<Functions> = {
  readonly [
    Name in keyof Functions as Functions[Name] extends (...args: never[]) => unknown ? Name : never
  ]: RemoteFunction<Functions[Name]>
}

/**
 * A peer of unknown type: each call may be awaited or iterated over.
 * See {@link remote}.
 */
export type AnyRemote = { readonly [name: string]: (...args: unknown[]) => Call }

/**
 * Returns an object with which to call, by name, the functions that the peer of `connection` serves. Calls are sent at once, and
 * any number of them may be pending.
 *
 * @example
 * ```ts
 * import { pipe } from 'carom'
 * import { remote, serve } from 'carom/calls'
 *
 * const functions = { greet: (name: string) => `hello, ${name}` }
 * const [client, server] = pipe()
 * void serve(server, functions)
 *
 * const there = remote<typeof functions>(client)
 * console.log(await Promise.all([there.greet('Ada'), there.greet('Guido')])) // [ 'hello, Ada', 'hello, Guido' ]
 * ```
 */
export function remote(connection: Connection<unknown, never>): AnyRemote
export function remote<Functions>(connection: Connection<unknown, never>): Remote<Functions>
export function remote(connection: Connection<unknown, never>): unknown {
  return facade(sessionOf(connection as Connection).caller)
}

/**
 * @example
 * ```ts
 * import { Process, TimeoutError } from 'carom'
 * import { call } from 'carom/calls'
 *
 * await using python = new Process(new URL('./text.py', import.meta.url), { serve: true })
 * await python.start()
 * const signal = AbortSignal.timeout(60_000)
 * console.log(await call(python.remote, 'join', ['a', 'b'], { kwargs: { separator: '-' }, signal, timeout: 60_000 })) // a-b
 * try {
 *   await call(python.remote, 'sleep', [0.2], { timeout: 10 })
 * } catch (error) {
 *   if (error instanceof TimeoutError) console.log(error.code) // ERR_CAROM_TIMEOUT
 * }
 * ```
 *
 * ```python
 * # text.py
 * import time
 *
 * def join(*parts, separator=' '):
 *     return separator.join(parts)
 *
 * def sleep(seconds):
 *     time.sleep(seconds)
 * ```
 */
export interface CallOptions {
  /** When aborted, cancels the call: it rejects with the signal's reason, and the function's own signal aborts. Default: none. */
  signal?: AbortSignal | undefined
  /**
   * How long the answer, or the end of the stream, may take, in milliseconds; after that the call rejects with a `TimeoutError`.
   * Default: for ever.
   */
  timeout?: number | undefined
  /** Keyword arguments, for a Python function. Default: none. */
  kwargs?: KeywordArguments | undefined
}

const OPTIONS: OptionNames<CallOptions> = { owner: 'call', names: { signal: true, timeout: true, kwargs: true } }

/**
 * Calls a function of `remote` by its name, with options.
 *
 * @example
 * ```ts
 * import { pipe, TimeoutError } from 'carom'
 * import { call, remote, serve } from 'carom/calls'
 *
 * const functions = { never: () => new Promise<string>(() => {}) }
 * const [client, server] = pipe()
 * void serve(server, functions)
 * const there = remote<typeof functions>(client)
 * try {
 *   await call(there, 'never', [], { timeout: 20 })
 * } catch (error) {
 *   if (error instanceof TimeoutError) console.log(error.message)
 *   // never: no answer within 20 ms, so the call was given up
 * }
 * await client.close()
 * ```
 */
export function call<Functions, Name extends keyof Remote<Functions> & keyof Functions & string>(
  remote: Remote<Functions>,
  name: Name,
  args?: Readonly<Parameters<Extract<Functions[Name], (...args: never[]) => unknown>>>,
  options?: CallOptions,
): RemoteResult<ReturnType<Extract<Functions[Name], (...args: never[]) => unknown>>>
/** Does the same for a manager's proxy. */
export function call<Proxy extends AsyncDisposable, Name extends keyof Proxy & string>(
  proxy: Proxy,
  name: Name,
  args?: Proxy[Name] extends (...args: infer Args) => unknown ? Readonly<Args> : never,
  options?: CallOptions,
): Proxy[Name] extends (...args: never[]) => infer Result ? Result : never
export function call(remote: AnyRemote, name: string, args?: readonly unknown[], options?: CallOptions): Call
export function call(peer: object, name: string, args: readonly unknown[] = [], given?: CallOptions): unknown {
  const callee = calleeOf(peer)
  if (!callee) throw invalidType('remote', 'what remote(connection) returns, or the proxy of a manager', peer)
  if (typeof name !== 'string') throw invalidType('name', 'the name of a function', name)
  if (!Array.isArray(args)) throw invalidType('args', 'an array', args)
  const { signal, timeout, kwargs } = options(given, OPTIONS)
  if (kwargs !== undefined && (typeof kwargs !== 'object' || kwargs === null || Array.isArray(kwargs))) {
    throw invalidType('kwargs', 'an object', kwargs)
  }
  const abort = abortSignal(signal)
  const milliseconds = timeout === undefined ? Infinity : checkedTimeout(timeout)
  if (abort?.aborted) return callee.refused(name, abort.reason)
  const begun = callee.begin(name, args, kwargs)
  const unwatch = abort && onAbort(abort, () => begun.abandon(abort.reason))
  const timer =
    milliseconds <= 0x7fffffff ? setTimeout(() => begun.abandon(late(name, milliseconds)), milliseconds) : undefined
  if (unwatch || timer) {
    begun.whenOver(() => {
      unwatch?.()
      clearTimeout(timer)
    })
  }
  return begun
}

function late(name: string, milliseconds: number): TimeoutError {
  return new TimeoutError(`${name}: no answer within ${milliseconds} ms, so the call was given up`)
}

/** Refuses new calls to `peer` with `reason`, and resolves when the pending ones are over. */
export async function drain(peer: object, reason: Error): Promise<void> {
  await calleeOf(peer)?.drain?.(reason)
}
