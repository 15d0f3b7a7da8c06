import type { Call } from './call.js'
import type { KeywordArguments } from './messages.js'

/** Somebody else's functions: a peer's, or an object's that a manager has. */
export interface Callee {
  /** Calls the function `name`. */
  begin(name: string, args: readonly unknown[], kwargs: KeywordArguments | undefined): Call
  /** A call that is not made, because of `reason`. */
  refused(name: string, reason: unknown): Call
  /** Takes no more calls, because of `reason`; resolves when those that were taken are over. */
  drain?(reason: Error): Promise<void>
}

const callees = new WeakMap<object, Callee>()

/** Names that others ask for: an object with a `then` is awaited, and `JSON.stringify` calls `toJSON`. */
const NEVER_CALLED: ReadonlySet<string> = new Set(['then', 'toJSON'])

/** An object whose methods, of whatever name, are calls. Its symbols are those of `own`. */
export function facade(callee: Callee, own: object = Object.create(null) as object): object {
  const functions = new Map<string, (...args: unknown[]) => Call>()
  const proxy = new Proxy(own, {
    get(target, name) {
      if (typeof name === 'symbol') return (target as { [name]?: unknown })[name]
      if (NEVER_CALLED.has(name)) return undefined
      let one = functions.get(name)
      if (!one) functions.set(name, (one = (...args) => callee.begin(name, args, undefined)))
      return one
    },
    set: () => false,
    defineProperty: () => false,
  })
  callees.set(proxy, callee)
  return proxy
}

/** The calls behind the methods of a facade. */
export function calleeOf(proxy: object): Callee | undefined {
  return callees.get(proxy)
}
