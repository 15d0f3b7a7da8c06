import { define, isDict } from './dict.js'
import { exceptionName } from './exceptions.js'
import { Arguments, Global, Internal, printable, Reduction } from './internal.js'
import { isChosen, type Unresolved } from './machine.js'
import type { PickleSettings } from './options.js'
import { PythonError } from './types/error.js'
import { markReceived, PythonObject } from './types/object.js'
import { PythonSlice } from './types/slice.js'

/** What Python prints of an exception. */
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

/** An object that the program's options say what to make of. */
interface Chosen {
  readonly object: PythonObject
  readonly completed: number
}

class Resolver {
  readonly chosen: Chosen[] = []
  readonly #converted: ReadonlyMap<unknown, unknown> | undefined
  readonly #settings: PickleSettings
  readonly #messageOf: MessageOf
  readonly #resolved = new Map<Internal, unknown>()
  readonly #met = new Set<object>()
  /** What is to be looked into, where anything is refused that has no form, and where it is kept as it is. */
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
    // What an exception and something else hold has been looked into by now.
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

  /** What stands for a value. */
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
    if (internal instanceof Reduction) {
      if (isChosen(internal.callee, this.#settings)) return this.#choose(internal)
      if (internal.isError) return this.#error(internal)
    }
    if (!lenient) refuse(internal)
    return objectOf(internal)
  }

  #choose(reduction: Reduction): PythonObject {
    const object = objectOf(reduction)
    this.chosen.push({ object, completed: reduction.completed })
    return object
  }

  #error(reduction: Reduction): PythonError {
    const callee = reduction.callee as Global
    const error = new PythonError(
      exceptionName(callee, reduction.args),
      Array.from(reduction.args),
      this.#messageOf(reduction),
      callee.module,
    )
    Object.defineProperty(error, 'stack', {
      value: `${error.name}: ${error.message}`,
      writable: true,
      configurable: true,
    })
    const { state } = reduction
    if (state !== undefined && state !== null) error.attributes = isDict(state) ? state : { state }
    if (typeof reduction.cause === 'string') {
      error.cause = new PythonError('RemoteTraceback', [reduction.cause], reduction.cause, 'multiprocessing.pool')
    }
    return error
  }
}

/** What a pickle says of an object, a class or a function. */
function objectOf(internal: Internal): PythonObject {
  if (internal instanceof Global) return markReceived(new PythonObject(internal.module, internal.path))
  const { callee, args, state, creation } = internal
  const { items, entries, kwargs } = internal instanceof Reduction ? internal : {}
  let name: Internal | undefined = callee
  while (name instanceof Reduction) name = name.callee
  const { module, path } = name instanceof Global ? name : { module: 'builtins', path: 'object' }
  const object = new PythonObject(module, path, Array.from(args), state, items, entries, {
    creation,
    ...(kwargs && { kwargs }),
    // The pickle calls what another call made.
    ...(callee instanceof Reduction && { callable: callee as unknown as PythonObject }),
  })
  return markReceived(object)
}

/** Says what has no form, and what could be done about it. */
function refuse(internal: Internal): never {
  const cause = internal instanceof Reduction ? causeOf(internal) : internal
  const name = printable(cause.name)
  if (cause instanceof Reduction && cause.reason !== undefined) throw new Error(cause.reason)
  if (cause instanceof Reduction || isUnknown(cause)) {
    throw new Error(
      `it asks for ${name}, which is not supported: send a value of the table in docs/pickle.md, or read it by the options classes or unknown of pickle()`,
    )
  }
  throw new Error(`${name} can only be received as a part of a value that has a JavaScript form`)
}

/** Whether nothing but its name is known of a class or function. */
function isUnknown(value: unknown): boolean {
  return value instanceof Global && value.construct === undefined
}

/** What a constructor of the allow-list could not be called with, if that is it. */
function causeOf(reduction: Reduction): Internal {
  let cause: Internal = reduction
  // An argument of an argument, at most so often: whatever the peer has nested, the refusal comes soon.
  for (let depth = 0; depth < 10 && cause instanceof Reduction && cause.reason !== undefined; depth++) {
    const { state } = cause
    const parts: unknown[] = [
      ...cause.args.slice(0, 10),
      ...(state instanceof Arguments ? state.items.slice(0, 10) : []),
    ]
    const inner = parts.find((part) => (part instanceof Reduction && !part.isError) || isUnknown(part))
    if (!(inner instanceof Internal)) break
    cause = inner
  }
  return cause
}

/**
 * Calls the program's functions for the objects of its classes: those that are inside of others first. Where objects are
 * inside of each other, one of them is still as the pickle has it when its function's turn comes.
 */
function convert(value: unknown, chosen: Chosen[], { classes }: PickleSettings): unknown {
  const made = new Map<unknown, unknown>()
  const waiting = new Set<unknown>(chosen.map(({ object }) => object))
  const met = new Set<object>()
  /** What holds an object whose turn had not come. */
  const late = new Set<object>()

  const replace = (root: unknown): unknown => {
    const todo: object[] = []
    let holder: object | undefined
    const visit = (child: unknown): unknown => {
      if (made.has(child)) return made.get(child)
      if (waiting.has(child) && holder !== undefined) late.add(holder)
      if (typeof child === 'object' && child !== null && isContainer(child)) todo.push(child)
      return child
    }
    const result = visit(root)
    for (holder = todo.pop(); holder !== undefined; holder = todo.pop()) {
      if (met.has(holder)) continue
      met.add(holder)
      rewrite(holder, visit)
    }
    return result
  }

  for (const { object } of chosen.toSorted((a, b) => a.completed - b.completed)) {
    replace(object)
    const name = `${object.module}.${object.name}`
    let result: unknown
    try {
      result = classes.get(name)!(object.args ?? [], object.state, object)
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause)
      throw new Error(`classes['${name}'] threw: ${message}`, { cause })
    }
    waiting.delete(object)
    made.set(object, result)
  }
  const result = replace(value)
  for (const holder of late) rewrite(holder, (child) => (made.has(child) ? made.get(child) : child))
  return result
}

/** Whether it may hold other values of a pickle. */
function isContainer(value: object): boolean {
  return (
    Array.isArray(value) ||
    isDict(value) ||
    value instanceof Map ||
    value instanceof Set ||
    value instanceof PythonError ||
    value instanceof PythonObject ||
    value instanceof PythonSlice
  )
}

/** Puts what `change` makes of each value in its place. */
function rewrite(holder: object, change: (child: unknown) => unknown): void {
  if (Array.isArray(holder)) {
    for (let i = 0; i < holder.length; i++) {
      const now = change(holder[i])
      if (now !== holder[i]) holder[i] = now
    }
  } else if (holder instanceof Map) {
    rewriteMap(holder, change)
  } else if (holder instanceof Set) {
    const members = [...holder]
    const now = members.map((member) => change(member))
    if (now.every((member, n) => member === members[n])) return
    holder.clear()
    for (const member of now) holder.add(member)
  } else if (holder instanceof PythonError) {
    rewriteError(holder, change)
  } else if (holder instanceof PythonObject) {
    rewriteObject(holder, change)
  } else if (holder instanceof PythonSlice) {
    const { start, stop, step } = holder
    Object.assign(holder, { start: change(start), stop: change(stop), step: change(step) })
  } else {
    const dict = holder as Record<string, unknown>
    for (const key of Object.keys(dict)) {
      const now = change(dict[key])
      if (now !== dict[key]) define(dict, key, now)
    }
  }
}

function rewriteMap(map: Map<unknown, unknown>, change: (child: unknown) => unknown): void {
  const keys = [...map.keys()]
  const now = keys.map((key) => change(key))
  const items = [...map.values()].map((item) => change(item))
  if (!now.every((key, n) => key === keys[n])) map.clear()
  for (const [n, key] of now.entries()) map.set(key, items[n])
}

function rewriteError(error: PythonError, change: (child: unknown) => unknown): void {
  rewrite(error.args, change)
  if (error.attributes) error.attributes = change(error.attributes) as Record<string, unknown>
  const [, inner] = error.args
  if (error.name.endsWith('ExceptionGroup') && Array.isArray(inner)) error.exceptions = inner as unknown[]
}

function rewriteObject(object: PythonObject, change: (child: unknown) => unknown): void {
  if (object.args) rewrite(object.args, change)
  if (object.items) rewrite(object.items, change)
  if (object.entries) {
    for (const entry of object.entries) rewrite(entry, change)
  }
  object.state = change(object.state)
  if (object.kwargs) rewrite(object.kwargs, change)
  if (object.callable) object.callable = change(object.callable) as PythonObject
}
