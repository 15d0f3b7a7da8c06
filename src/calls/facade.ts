import type { Call } from './call.js'
import type { KeywordArguments } from './messages.js'

/** Functions that live elsewhere: in a peer, or in an object of a manager. */
export interface Callee {
  /** Calls the function `name`. */
  begin(name: string, args: readonly unknown[], kwargs: KeywordArguments | undefined): Call
  /** Returns a call that is not made and fails with `reason`. */
  refused(name: string, reason: unknown): Call
  /** Refuses further calls with `reason`; resolves when the pending ones are over. */
  drain?(reason: Error): Promise<void>
}

const callees = new WeakMap<object, Callee>()

/** Names that the language looks up by itself: `await` calls a `then`, and `JSON.stringify` calls `toJSON`. */
const NEVER_CALLED: ReadonlySet<string> = new Set(['then', 'toJSON'])

/** Makes an object on which every method name is a call. Its symbols are those of `own`. */
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
