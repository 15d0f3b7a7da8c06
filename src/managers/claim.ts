/** Releases the references of garbage-collected proxies. */
const forgotten = new FinalizationRegistry<Claim>((claim) => void claim.giveBack())

/** A reference of this program's to an object of a server's, which keeps the object until the reference is given back. */
export class Claim {
  readonly #decref: () => Promise<void>
  readonly #claims: Set<Claim>
  #given: Promise<void> | undefined

  /** `claims`: all that the server counts. */
  constructor(claims: Set<Claim>, decref: () => Promise<void>) {
    this.#claims = claims
    this.#decref = decref
  }

  /** The server counts it from now on. */
  counted(): this {
    this.#claims.add(this)
    return this
  }

  get given(): boolean {
    return this.#given !== undefined
  }

  /** Gives the reference back when `holder` is collected, at the latest. */
  heldBy(holder: object): void {
    forgotten.register(holder, this, this)
  }

  /** Never rejects: a server that is gone counts nothing any more. */
  giveBack(): Promise<void> {
    if (!this.#given) {
      forgotten.unregister(this)
      this.#given = this.#claims.delete(this) ? this.#decref().catch(() => {}) : Promise.resolve()
    }
    return this.#given
  }
}
