import { PythonTuple } from '../codecs/pickle/types/tuple.js'
import { isGone } from './client-identity.js'
import { type Request, type Keywords, malformed } from './messages.js'
import { raised } from './printed.js'
import type { ServedObject, ServedObjects } from './served-objects.js'
import { Token } from './token.js'

/** Makes the objects of a type: `() => new Model()`. */
export type ObjectFactory = (...args: never[]) => unknown

/** The functions of the server itself, which clients call by name. */
export class ServerFunctions {
  readonly #objects: ServedObjects
  readonly #factories: ReadonlyMap<string, ObjectFactory>

  constructor(objects: ServedObjects, factories: ReadonlyMap<string, ObjectFactory>) {
    this.#objects = objects
    this.#factories = factories
  }

  /** Calls one, for the client `owner`. */
  async call({ name, args, kwargs }: Request, owner: string): Promise<unknown> {
    switch (name) {
      case 'dummy':
        return null
      case 'create':
        return this.#create(args, kwargs, owner)
      case 'get_methods':
        return PythonTuple.from(this.#meant(args).functions.names)
      case 'incref':
        this.#objects.increment(this.#meant(args), owner)
        return null
      case 'decref':
        this.#objects.decrement(this.#meant(args), owner)
        return null
      case 'number_of_objects':
        this.#objects.reclaim(isGone)
        return this.#objects.size
      case 'debug_info':
        return Array.from(
          this.#objects.values(),
          ({ id, typeid, holders }) => `  ${id}:       refcount=${total(holders)}\n    ${typeid}`,
        ).join('\n')
      default:
        throw raised('AssertionError', `'${name}' unrecognized`)
    }
  }

  async #create([typeid, ...args]: unknown[], kwargs: Keywords, owner: string): Promise<unknown> {
    const factory = typeof typeid === 'string' ? this.#factories.get(typeid) : undefined
    if (typeof typeid !== 'string' || !factory) {
      const known = [...this.#factories.keys()].join(', ')
      throw raised('KeyError', `there is no type '${String(typeid)}' here; there are: ${known}`)
    }
    if (Object.keys(kwargs).length > 0) {
      throw new TypeError(
        `${typeid} is made by a JavaScript function, which takes no arguments by name: pass a dict instead`,
      )
    }
    // A client that was killed has given nothing back.
    this.#objects.reclaim(isGone)
    const { id, functions } = await this.#objects.create(typeid, owner, () => factory(...(args as never[])))
    return PythonTuple.of<unknown>(id, PythonTuple.from(functions.names))
  }

  /** The object that is meant by an id, or by a token. */
  #meant([which]: unknown[]): ServedObject {
    const id = which instanceof Token ? which.id : which
    if (typeof id !== 'string') throw malformed('it says no object')
    const object = this.#objects.get(id)
    if (!object) throw raised('KeyError', `there is no object with the id '${id.slice(0, 100)}'`)
    return object
  }
}

function total(holders: ReadonlyMap<string, number>): number {
  let sum = 0
  for (const count of holders.values()) sum += count
  return sum
}
