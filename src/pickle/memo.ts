/** Up to this many, looking at each costs less than hashing. */
const FEW = 16

/** Which objects a pickle already has, and where its reader's memo will have them. */
export class Memo {
  #objects: unknown[] = []
  #slots: number[] = []
  #many: Map<unknown, number> | undefined

  /** The place of an object; −1 where it has none. */
  find(object: unknown): number {
    if (this.#many) return this.#many.get(object) ?? -1
    const at = this.#objects.indexOf(object)
    return at < 0 ? -1 : this.#slots[at]!
  }

  add(object: unknown, slot: number): void {
    if (this.#many) {
      this.#many.set(object, slot)
      return
    }
    this.#objects.push(object)
    this.#slots.push(slot)
    if (this.#objects.length <= FEW) return
    this.#many = new Map()
    for (const [at, each] of this.#objects.entries()) this.#many.set(each, this.#slots[at]!)
  }

  clear(): void {
    this.#objects.length = 0
    this.#slots.length = 0
    this.#many = undefined
  }
}
