/** The key under which an object that can be waited on has its source. */
export const source: unique symbol = Symbol('carom.source')

/** Is told which source may have become ready. */
export type Listener = (changed: Source) => void

/** An object as `wait` needs it. */
export interface Source {
  /** Has the reactor watch it, so that it reports what happens from now on, and what is there already. */
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
