import { type Chosen, convert } from './convert.js'
import { errorFrom } from './error.js'
import { Arguments, Global, Internal, Reduction } from './internal.js'
import { isChosen } from './calls.js'
import type { Unresolved } from './machine.js'
import { refuse } from './refusal.js'
import { isContainer, rewrite } from './rewrite.js'
import type { PickleSettings } from '../options.js'
import { PythonError } from '../types/error.js'
import { markReceived, PythonObject } from '../types/object.js'

/** The text that Python prints of an exception. */
export type MessageOf = (error: Reduction) => string

/**
 * Puts values in the place of all that has a meaning inside a pickle only, wherever it is in `value`, without recursion.
 * Objects that have no form in JavaScript are refused, but not for the sake of an exception that holds them: an error never
 * costs the message that it is in.
 */
export function resolve(
  value: unknown,
  unresolved: Unresolved,
  settings: PickleSettings,
  messageOf: MessageOf,
): unknown {
  const resolver = new Resolver(unresolved, settings, messageOf)
  const result = withoutStacks(() => resolver.resolve(value))
  return resolver.chosen.length > 0 ? convert(result, resolver.chosen, settings) : result
}

/** An exception of the peer's was raised there: a stack of the reader's functions says nothing, and takes most of the time. */
function withoutStacks<T>(make: () => T): T {
  const { stackTraceLimit } = Error
  Reflect.set(Error, 'stackTraceLimit', 0)
  try {
    return make()
  } finally {
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
  }
}

class Resolver {
  readonly chosen: Chosen[] = []
  readonly #converted: ReadonlyMap<unknown, unknown> | undefined
  readonly #settings: PickleSettings
  readonly #messageOf: MessageOf
  readonly #resolved = new Map<Internal, unknown>()
  readonly #met = new Set<object>()
  /** The values to look into, where anything is refused that has no form, and where it is kept as it is. */
  readonly #strict: object[] = []
  readonly #lenient: object[] = []

  constructor({ converted }: Unresolved, settings: PickleSettings, messageOf: MessageOf) {
    this.#converted = converted
    this.#settings = settings
    this.#messageOf = messageOf
  }

  resolve(value: unknown): unknown {
    const result = this.#visit(value, this.#settings.unknownAsObject)
    this.#drain(this.#strict, false)
    // A value that both an exception and something else hold has been looked into by now.
    this.#drain(this.#lenient, true)
    return result
  }

  #drain(todo: object[], lenient: boolean): void {
    const visit = (child: unknown): unknown => this.#visit(child, lenient)
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
      if (this.#met.has(next)) continue
      // An exception's arguments and attributes may be anything.
      if (next instanceof PythonError && !lenient) {
        this.#lenient.push(next)
        continue
      }
      this.#met.add(next)
      rewrite(next, visit)
    }
  }

  /** The value that stands for another one. */
  #visit(child: unknown, lenient: boolean): unknown {
    if (typeof child !== 'object' || child === null) return child
    if (child instanceof Internal) return this.#internal(child, lenient)
    const value = (this.#converted?.get(child) ?? child) as object
    if (isContainer(value)) (lenient ? this.#lenient : this.#strict).push(value)
    return value
  }

  #internal(internal: Internal, lenient: boolean): unknown {
    if (internal.becomes !== undefined) return this.#visit(internal.becomes, lenient)
    if (this.#resolved.has(internal)) return this.#visit(this.#resolved.get(internal), lenient)
    const value = this.#form(internal, lenient)
    this.#resolved.set(internal, value)
    return this.#visit(value, lenient)
  }

  #form(internal: Internal, lenient: boolean): unknown {
    if (internal instanceof Arguments) return internal.items
    if (isChosen(internal, this.#settings)) return this.#choose(internal, 0)
    if (internal instanceof Reduction) {
      if (isChosen(internal.callee, this.#settings)) return this.#choose(internal, internal.completed)
      if (internal.isError) return errorFrom(internal, this.#messageOf(internal))
    }
    if (!lenient) refuse(internal)
    return objectOf(internal)
  }

  #choose(internal: Internal, completed: number): PythonObject {
    const object = objectOf(internal)
    this.chosen.push({ object, completed })
    return object
  }
}

/** The pickle's description of an object, a class or a function. */
function objectOf(internal: Internal): PythonObject {
  if (internal instanceof Global) return markReceived(new PythonObject(internal.module, internal.path))
  const { callee, args, state, creation } = internal
  const { items, entries, kwargs } = internal instanceof Reduction ? internal : {}
  const name = callee instanceof Reduction ? callee.base : callee
  const { module, path } = name instanceof Global ? name : { module: 'builtins', path: 'object' }
  const object = new PythonObject(module, path, Array.from(args), state, items, entries, {
    creation,
    ...(kwargs && { kwargs }),
    // The pickle calls what another call made.
    ...(callee instanceof Reduction && { callable: callee as unknown as PythonObject }),
  })
  return markReceived(object)
}
