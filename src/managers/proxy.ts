import { PythonError } from '../codecs/pickle/types/error.js'
import type { AnyRemote, Remote } from '../calls/remote.js'
import { calleeOf, facade } from '../calls/facade.js'
import { MethodCalls } from './method-calls.js'
import type { Reference } from './reference.js'

interface Disposal extends Disposable, AsyncDisposable, AsyncIterable<unknown> {}

/**
 * An object that a manager has. Its methods, of whatever name, are calls: `queue.put(1)`, `dict.__getitem__('key')`. `using`
 * gives its reference back. `for await` iterates over what Python would: an iterator, the keys of a dict, the items of a list.
 * See {@link Manager}.
 */
export type AnyManagerProxy = AnyRemote & Disposal

/**
 * A proxy of an object whose methods are those of `Methods`.
 * See {@link connectManager}.
 */
export type ManagerProxy<Methods> = Remote<Methods> & Disposal

/** The proxy whose calls go over the connections of `calls`. `lent`: others have it, so that disposing of it does nothing. */
export function proxyOf(calls: MethodCalls, lent = false): AnyManagerProxy {
  const { claim } = calls.reference
  const own = new Target(calls.reference, {
    [Symbol.asyncIterator]: () => iterate(calls),
    [Symbol.dispose]: () => void (lent || claim.giveBack()),
    [Symbol.asyncDispose]: () => (lent ? Promise.resolve() : claim.giveBack()),
  })
  return facade(calls, own) as AnyManagerProxy
}

/** The text that `console.log` shows for a proxy. */
class Target {
  readonly typeid: string
  readonly id: string

  constructor({ token }: Reference, symbols: Disposal) {
    this.typeid = token.typeid
    this.id = token.id
    for (const symbol of Object.getOwnPropertySymbols(symbols)) {
      Object.defineProperty(this, symbol, { value: symbols[symbol as keyof Disposal] })
    }
  }
}
Object.defineProperty(Target, 'name', { value: 'ManagerProxy' })

/** The reference of a proxy; `undefined` for anything else. */
export function referenceOf(value: object): Reference | undefined {
  const callee = calleeOf(value)
  return callee instanceof MethodCalls ? callee.reference : undefined
}

async function* iterate(calls: MethodCalls): AsyncGenerator<unknown, void, undefined> {
  const { exposed, token } = calls.reference
  if (exposed.includes('__next__')) yield* items(calls)
  else if (exposed.includes('__iter__')) yield* iterated(await calls.begin('__iter__', [], undefined))
  else if (exposed.includes('__getitem__')) yield* sequence(calls)
  else throw new TypeError(`'${token.typeid}' is no iterator, and has no method __iter__ or __getitem__`)
}

/** The result of `__iter__`: a proxy of an iterator, or a value that can be copied. */
async function* iterated(result: unknown): AsyncGenerator<unknown, void, undefined> {
  const callee = typeof result === 'object' && result !== null ? calleeOf(result) : undefined
  if (!(callee instanceof MethodCalls)) {
    yield* result as Iterable<unknown>
    return
  }
  try {
    yield* items(callee)
  } finally {
    await callee.reference.claim.giveBack()
  }
}

async function* items(calls: MethodCalls): AsyncGenerator<unknown, void, undefined> {
  for (;;) {
    let value: unknown
    try {
      value = await calls.begin('__next__', [], undefined)
    } catch (error) {
      if (isRaised(error, 'StopIteration')) return
      throw error
    }
    yield value
  }
}

async function* sequence(calls: MethodCalls): AsyncGenerator<unknown, void, undefined> {
  for (let index = 0; ; index++) {
    let value: unknown
    try {
      value = await calls.begin('__getitem__', [index], undefined)
    } catch (error) {
      if (isRaised(error, 'IndexError')) return
      throw error
    }
    yield value
  }
}

function isRaised(error: unknown, name: string): boolean {
  return error instanceof PythonError && error.module === 'builtins' && error.name === name
}
