/** Up to this many objects are kept in a list, which is searched; more go into a set. */
const LISTED = 16

/** The objects of a message, numbered as they begin. */
export class ObjectsMet {
  #count = 0
  readonly #list: object[] = Array.from({ length: LISTED }, () => NOTHING)
  #set: Set<object> | undefined
  /** The numbers of the first objects in the set, as far as they had to be known. */
  #numbers: Map<object, number> | undefined
  #unnumbered: Iterator<object> | undefined
  /** The objects that came into the set since the first mark, so that they can be taken out again. */
  #added: object[] | undefined
  #addedFrom = 0

  /** Numbers an object, and returns -1. One that was met before has a number, which is returned. */
  meet(object: object): number {
    const count = this.#count
    if (count < LISTED) {
      const list = this.#list
      for (let n = 0; n < count; n++) if (list[n] === object) return n
      list[count] = object
    } else {
      const set = (this.#set ??= new Set(this.#list))
      set.add(object)
      if (set.size === count) return this.#numberOf(object)
      this.#added?.push(object)
    }
    this.#count = count + 1
    return -1
  }

  #numberOf(object: object): number {
    const numbers = (this.#numbers ??= new Map())
    const unnumbered = (this.#unnumbered ??= this.#set!.values())
    // An iterator that has come to the end stays there, whatever is added.
    for (let n = numbers.size; n < this.#count; n++) numbers.set(unnumbered.next().value!, n)
    return numbers.get(object)!
  }

  /** How many there are, for `back`. */
  mark(): number {
    if (this.#added === undefined) {
      this.#added = []
      this.#addedFrom = Math.max(this.#count, LISTED)
    }
    return this.#count
  }

  /** Forgets the objects met since the mark. */
  back(mark: number): void {
    if (mark < LISTED) {
      this.#list.fill(NOTHING, mark, Math.min(this.#count, LISTED))
      this.#leaveSet()
    } else {
      for (const object of this.#added!.splice(mark - this.#addedFrom)) {
        this.#set!.delete(object)
        this.#numbers?.delete(object)
      }
    }
    this.#count = mark
  }

  /** Forgets all. */
  clear(): void {
    const listed = Math.min(this.#count, LISTED)
    for (let n = 0; n < listed; n++) this.#list[n] = NOTHING
    if (this.#set !== undefined) this.#leaveSet()
    this.#added = undefined
    this.#count = 0
  }

  #leaveSet(): void {
    this.#set = undefined
    this.#numbers = undefined
    this.#unnumbered = undefined
    if (this.#added !== undefined) {
      this.#added = []
      this.#addedFrom = LISTED
    }
  }
}

/** Clears the list, so that it keeps no object of a message alive. */
const NOTHING: object = Object.freeze({})
