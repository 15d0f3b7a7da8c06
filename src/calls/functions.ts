import { isModuleNamespaceObject } from 'node:util/types'

import { invalidType, outOfRange } from '../api/arguments.js'
import type { CurrentCall } from './current.js'

type Served = (this: unknown, ...args: unknown[]) => unknown

/** The functions that peers may call, by name, and the `this` of each call. */
export class Functions {
  readonly #table: ReadonlyMap<string, Served>
  readonly #contextOf: (call: CurrentCall) => unknown

  /** Takes the own functions of a plain object or a module, or the methods that an instance's own class defines. */
  constructor(functions: object) {
    if (typeof functions !== 'object' || functions === null || Array.isArray(functions)) {
      throw invalidType('functions', 'an object of functions, or an instance of a class with methods', functions)
    }
    const own = hasOwnFunctions(functions)
    this.#table = tableOf(own ? functions : (Object.getPrototypeOf(functions) as object))
    if (this.#table.size === 0) {
      throw outOfRange(
        'functions',
        own ? 'an object with functions of its own' : 'an instance of a class with methods',
        'one that has none',
      )
    }
    this.#contextOf = own ? contextsOver(functions) : () => functions
  }

  has(name: string): boolean {
    return this.#table.has(name)
  }

  get names(): string[] {
    return [...this.#table.keys()]
  }

  /** Calls a function that exists. */
  call(name: string, call: CurrentCall, args: readonly unknown[]): unknown {
    return Reflect.apply(this.#table.get(name)!, this.#contextOf(call), args)
  }
}

/** Whether peers call the object's own functions, rather than the methods that its class defines. */
function hasOwnFunctions(functions: object): boolean {
  if (isModuleNamespaceObject(functions)) return true
  const prototype = Object.getPrototypeOf(functions) as object | null
  // Plain objects of another realm count as plain too.
  return prototype === null || (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'hasOwnProperty'))
}

/** Whether `functions` has anything that peers could call. */
export function hasFunctions(functions: object): boolean {
  return tableOf(hasOwnFunctions(functions) ? functions : (Object.getPrototypeOf(functions) as object)).size > 0
}

function tableOf(holder: object): Map<string, Served> {
  const table = new Map<string, Served>()
  for (const name of Object.getOwnPropertyNames(holder)) {
    if (name === 'constructor' || name.startsWith('_')) continue
    // Getters are not called: each call could return a different value.
    const value: unknown = Object.getOwnPropertyDescriptor(holder, name)?.value
    if (typeof value === 'function' && !isClass(value)) table.set(name, value as Served)
  }
  return table
}

/** Only a class, built-in or not, has a prototype that can't be replaced. */
function isClass(value: object): boolean {
  return Object.getOwnPropertyDescriptor(value, 'prototype')?.writable === false
}

/** Makes the `this` of a call: it inherits from `functions`, and has the call's signal. */
function contextsOver(functions: object): (call: CurrentCall) => object {
  class Context {
    readonly #call: CurrentCall

    constructor(call: CurrentCall) {
      this.#call = call
    }

    get signal(): AbortSignal {
      return this.#call.signal
    }
  }
  Object.setPrototypeOf(Context.prototype, functions)
  return (call) => new Context(call)
}
