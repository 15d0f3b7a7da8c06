/** A call that waits until bytes have left. */
class Waiter {
  readonly promise: Promise<void>
  resolve!: () => void
  reject!: (error: Error) => void

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
  }
}

/** The calls that wait for what is unsent: those for which too much is, and those that want all of it to leave. */
export class SendWaiters {
  readonly #onWaiting: (on: boolean) => void
  #forRoom: Waiter[] = []
  #forAll: Waiter[] = []

  /** `onWaiting` is called when the first call begins to wait for room, and when none does any more. */
  constructor(onWaiting: (on: boolean) => void) {
    this.#onWaiting = onWaiting
  }

  /** Whether a call waits for room. */
  get wantRoom(): boolean {
    return this.#forRoom.length > 0
  }

  /** Whether a call waits until all has left. */
  get wantAll(): boolean {
    return this.#forAll.length > 0
  }

  /** Resolves when `resolveRoom` is called. */
  room(): Promise<void> {
    const waiter = new Waiter()
    if (this.#forRoom.push(waiter) === 1) this.#onWaiting(true)
    return waiter.promise
  }

  /** Resolves when `resolveAll` is called. */
  all(): Promise<void> {
    const waiter = new Waiter()
    this.#forAll.push(waiter)
    return waiter.promise
  }

  resolveRoom(): void {
    const waiters = this.#forRoom
    this.#forRoom = []
    for (const waiter of waiters) waiter.resolve()
    this.#onWaiting(false)
  }

  resolveAll(): void {
    const waiters = this.#forAll
    this.#forAll = []
    for (const waiter of waiters) waiter.resolve()
  }

  /** Rejects all. `quietly`: a promise without a handler is then no unhandled rejection. */
  reject(error: Error, quietly: boolean): void {
    const waiters = [...this.#forRoom, ...this.#forAll]
    const wantedRoom = this.wantRoom
    this.#forRoom = []
    this.#forAll = []
    if (wantedRoom) this.#onWaiting(false)
    for (const waiter of waiters) {
      // oxlint-disable-next-line promise/no-promise-in-callback -- it is carom's own
      if (quietly) waiter.promise.catch(() => {})
      waiter.reject(error)
    }
  }
}
