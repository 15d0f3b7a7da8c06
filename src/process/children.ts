/** A child that may still run. */
interface Child {
  readonly isAlive: boolean
}

/** The processes that this thread has started and that have not ended, in the order in which they were started. */
export class Children<T extends Child> {
  readonly #started = new Set<T>()

  /** Called when `child` has been started; it is counted until it has ended. */
  add(child: T): void {
    this.#started.add(child)
  }

  remove(child: T): void {
    this.#started.delete(child)
  }

  get alive(): T[] {
    return [...this.#started].filter((each) => each.isAlive)
  }
}
