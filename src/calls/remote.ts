import { abortSignal, invalidType, options, timeout as checkedTimeout } from '../api/arguments.js'
import type { OptionNames } from '../api/option-names.js'
import type { Connection } from '../api/connection.js'
import { TimeoutError } from '../api/errors.js'
import { onAbort } from '../event-loop/abort.js'
import { clearTimeout, setTimeout } from '../event-loop/timers.js'
import type { Call } from './call.js'
import type { KeywordArguments } from './messages.js'
import { type Session, sessionOf } from './session.js'

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

const sessionsOf = new WeakMap<object, Session>()

/** Names that others ask for: an object with a `then` is awaited, and `JSON.stringify` calls `toJSON`. */
const NEVER_CALLED: ReadonlySet<string> = new Set(['then', 'toJSON'])

/**
 * The functions that the peer of `connection` serves. Each is called by its name, at once: any number of calls may be under
 * way.
 */
export function remote(connection: Connection<unknown, never>): AnyRemote
export function remote<Functions>(connection: Connection<unknown, never>): Remote<Functions>
export function remote(connection: Connection<unknown, never>): unknown {
  const session = sessionOf(connection as Connection)
  const functions = new Map<string, (...args: unknown[]) => Call>()
  const proxy = new Proxy(Object.create(null) as object, {
    get(_target, name) {
      if (typeof name === 'symbol' || NEVER_CALLED.has(name)) return undefined
      let one = functions.get(name)
      if (!one) functions.set(name, (one = (...args) => session.caller.begin(name, args, undefined)))
      return one
    },
    set: () => false,
    defineProperty: () => false,
  })
  sessionsOf.set(proxy, session)
  return proxy
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
export function call(remote: AnyRemote, name: string, args?: readonly unknown[], options?: CallOptions): Call
export function call(peer: object, name: string, args: readonly unknown[] = [], given?: CallOptions): unknown {
  const session = sessionsOf.get(peer)
  if (!session) throw invalidType('remote', 'what remote(connection) returns', peer)
  if (typeof name !== 'string') throw invalidType('name', 'the name of a function', name)
  if (!Array.isArray(args)) throw invalidType('args', 'an array', args)
  const { signal, timeout, kwargs } = options(given, OPTIONS)
  if (kwargs !== undefined && (typeof kwargs !== 'object' || kwargs === null || Array.isArray(kwargs))) {
    throw invalidType('kwargs', 'an object', kwargs)
  }
  const abort = abortSignal(signal)
  const milliseconds = timeout === undefined ? Infinity : checkedTimeout(timeout)
  if (abort?.aborted) return session.caller.refused(name, abort.reason)
  const begun = session.caller.begin(name, args as unknown[], kwargs)
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
  return new TimeoutError(`${name}: no answer within ${milliseconds} ms; the peer was told to give the call up`)
}

/** Refuses new calls of `peer` with `reason`, and resolves when those that are under way are over. */
export async function drain(peer: object, reason: Error): Promise<void> {
  await sessionsOf.get(peer)?.caller.drain(reason)
}
