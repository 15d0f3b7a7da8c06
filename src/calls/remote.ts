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

/** Any function, of which the typings know nothing. */
export type AnyFunctions = Record<string, (...args: never[]) => unknown>

/** The result of calling a function that returns `R`: a value to await, or a stream to iterate over. */
export type RemoteResult<R> = R extends AsyncIterable<infer Item> | Generator<infer Item>
  ? Call<never, Item>
  : Call<Awaited<R>, never>

type RemoteFunction<F> = F extends (...args: infer Args) => infer R ? (...args: Args) => RemoteResult<R> : never

/** The functions of a peer: `remote<typeof functions>(connection)`. */
export type Remote<Functions> = {
  readonly [
    Name in keyof Functions as Functions[Name] extends (...args: never[]) => unknown ? Name : never
  ]: RemoteFunction<Functions[Name]>
}

/** A peer of which the typings know nothing: each call may be awaited, or iterated over. */
export type AnyRemote = { readonly [name: string]: (...args: unknown[]) => Call }

/**
 * The functions that the peer of `connection` serves. Each is called by its name, at once: any number of calls may be under
 * way.
 */
export function remote(connection: Connection<unknown, never>): AnyRemote
export function remote<Functions>(connection: Connection<unknown, never>): Remote<Functions>
export function remote(connection: Connection<unknown, never>): unknown {
  return facade(sessionOf(connection as Connection).caller)
}

export interface CallOptions {
  /** Gives the call up: it rejects with the signal's reason, and the function's own signal is aborted. */
  signal?: AbortSignal | undefined
  /** Milliseconds until the answer, or the end of the stream, must be here: else it rejects with a `TimeoutError`. */
  timeout?: number | undefined
  /** Arguments by name, for a Python function. */
  kwargs?: KeywordArguments | undefined
}

const OPTIONS: OptionNames<CallOptions> = { owner: 'call', names: { signal: true, timeout: true, kwargs: true } }

/** Calls a function of `remote` by its name, with options. */
export function call<Functions, Name extends keyof Remote<Functions> & keyof Functions & string>(
  remote: Remote<Functions>,
  name: Name,
  args?: Readonly<Parameters<Extract<Functions[Name], (...args: never[]) => unknown>>>,
  options?: CallOptions,
): RemoteResult<ReturnType<Extract<Functions[Name], (...args: never[]) => unknown>>>
/** The same, of a manager's proxy. */
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

/** Refuses new calls of `peer` with `reason`, and resolves when those that are under way are over. */
export async function drain(peer: object, reason: Error): Promise<void> {
  await calleeOf(peer)?.drain?.(reason)
}
