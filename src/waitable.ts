/** The key under which an object that can be waited on has its source. */
export const source: unique symbol = Symbol('carom.source')

/** What `wait` needs of an object. */
export interface Source {
  /** Whether it is ready now. Throws where it can't be waited on: it is closed, or only sends. */
  isReady(): boolean
  /** Calls `listener` whenever it may have become ready. Keeps the event loop alive until `unsubscribe`. */
  subscribe(listener: () => void): void
  unsubscribe(listener: () => void): void
  /** Has the reactor watch it, for a wait that the event loop has no part in. */
  arm(): void
}

/** An object that can be waited on. */
export interface SourceOwner {
  /** @internal */
  readonly [source]: Source
}
