/** The key under which an object that can be waited on has its source. */
export const source: unique symbol = Symbol('carom.source')

/** Called with the source that may have become ready. */
export type Listener = (changed: Source) => void

/** An object as `wait` needs it. */
export interface Source {
  /** Makes the reactor watch it and report both existing and future readiness. */
  arm(): void
  /**
   * Whether it is ready, as far as the reactor has reported, and as far as this turn of the event loop may look, unless
   * `blocking`. Throws where it can't be waited on: it is closed, or only sends.
   */
  isReady(blocking: boolean): boolean
  /** Calls `listener` whenever it may have become ready. Keeps the event loop alive until `unsubscribe`. */
  subscribe(listener: Listener): void
  unsubscribe(listener: Listener): void
}

/** An object that can be waited on. */
export interface SourceOwner {
  /** @internal */
  readonly [source]: Source
}
