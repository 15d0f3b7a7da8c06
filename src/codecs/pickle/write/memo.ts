/** Up to this many, looking at each costs less than hashing. */
const FEW = 16

/** The objects that a pickle already has, and their places in its reader's memo. */
export class Memo {
  readonly #objects: unknown[] = Array.from({ length: FEW })
  readonly #slots: number[] = Array.from({ length: FEW }, () => 0)
  #count = 0
  #many: Map<unknown, number> | undefined

  /** The place of an object; −1 where it is not in the memo. */
  find(object: unknown): number {
    if (this.#many) return this.#many.get(object) ?? -1
    const objects = this.#objects
    for (let i = 0; i < this.#count; i++) if (objects[i] === object) return this.#slots[i]!
    return -1
  }

  add(object: unknown, slot: number): void {
    if (this.#many) {
      this.#many.set(object, slot)
    } else if (this.#count < FEW) {
      this.#objects[this.#count] = object
      this.#slots[this.#count++] = slot
    } else {
      this.#many = new Map()
      for (let i = 0; i < FEW; i++) this.#many.set(this.#objects[i], this.#slots[i]!)
      this.#many.set(object, slot)
    }
  }

  clear(): void {
    for (let i = 0; i < this.#count; i++) this.#objects[i] = undefined
    this.#count = 0
    this.#many = undefined
  }
}
