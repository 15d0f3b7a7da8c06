import { randomBytes } from 'node:crypto'

import { BusyError } from '../api/errors.js'
import { Functions } from '../calls/functions.js'

/** An object that clients use. */
export interface ServedObject {
  readonly id: string
  readonly typeid: string
  readonly object: object
  readonly functions: Functions
  /** The client that had it made, against whose limit it counts. */
  readonly owner: string
  /** How often each client refers to it. */
  readonly holders: Map<string, number>
}

/** The objects of a server's, and how often clients refer to each. */
export class ServedObjects {
  readonly #limit: number
  readonly #byId = new Map<string, ServedObject>()
  readonly #byObject = new Map<object, ServedObject>()
  /** How many objects there are, and are being made, by owner. */
  readonly #owned = new Map<string, number>()
  /** An id of another server, or of an earlier one at this address, never equals one of this server's. */
  readonly #prefix = randomBytes(6).toString('hex')
  #last = 0

  /** `limit`: how many objects each owner may have. */
  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#byId.size
  }

  values(): Iterable<ServedObject> {
    return this.#byId.values()
  }

  get(id: string): ServedObject | undefined {
    return this.#byId.get(id)
  }

  /** Serves what `make` makes, with a reference for the client. An object that is there already is the same one for all. */
  async create(typeid: string, owner: string, make: () => unknown): Promise<ServedObject> {
    const count = this.#owned.get(owner) ?? 0
    if (count >= this.#limit) {
      throw new BusyError(
        `this client has ${count} objects here, which is the limit: delete proxies first, or raise objectsPerClient`,
      )
    }
    this.#owned.set(owner, count + 1)
    try {
      const object = await make()
      const known = this.#byObject.get(object as object)
      if (known) {
        this.#uncharge(owner)
        this.increment(known, owner)
        return known
      }
      return this.#add(typeid, owner, object)
    } catch (error) {
      this.#uncharge(owner)
      throw error
    }
  }

  increment({ holders }: ServedObject, holder: string): void {
    holders.set(holder, (holders.get(holder) ?? 0) + 1)
  }

  /** Takes a reference of `holder`, or of any other where `holder` has none, since Python counts them together. */
  decrement(object: ServedObject, holder: string): void {
    const { holders } = object
    const from = holders.has(holder) ? holder : holders.keys().next().value!
    const count = holders.get(from)! - 1
    if (count > 0) holders.set(from, count)
    else this.#release(object, from)
  }

  /** Takes all references of the clients of which `isGone` is true. */
  reclaim(isGone: (holder: string) => boolean): void {
    const known = new Map<string, boolean>()
    for (const object of this.#byId.values()) {
      for (const holder of object.holders.keys()) {
        let gone = known.get(holder)
        if (gone === undefined) known.set(holder, (gone = isGone(holder)))
        if (gone) this.#release(object, holder)
      }
    }
  }

  #release(object: ServedObject, holder: string): void {
    object.holders.delete(holder)
    if (object.holders.size > 0) return
    this.#byId.delete(object.id)
    this.#byObject.delete(object.object)
    this.#uncharge(object.owner)
  }

  #add(typeid: string, owner: string, object: unknown): ServedObject {
    if (typeof object !== 'object' || object === null) {
      throw new TypeError(
        `objects.${typeid} returned ${object === null ? 'null' : `a ${typeof object}`}, which is no object`,
      )
    }
    const id = `${this.#prefix}${(++this.#last).toString(16)}`
    const served = { id, typeid, object, functions: new Functions(object), owner, holders: new Map([[owner, 1]]) }
    this.#byId.set(id, served)
    this.#byObject.set(object, served)
    return served
  }

  #uncharge(owner: string): void {
    const count = this.#owned.get(owner)! - 1
    if (count > 0) this.#owned.set(owner, count)
    else this.#owned.delete(owner)
  }
}
