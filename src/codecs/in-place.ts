import type { Coder } from './coder.js'

/** The key under which a codec object of carom's own has the coder that connections use, which copies nothing. */
export const inPlace: unique symbol = Symbol('carom.inPlace')

/** A codec object of carom's own. */
export interface InPlace {
  /** @internal */
  readonly [inPlace]: Coder
}

export function isInPlace(codec: unknown): codec is InPlace {
  return typeof codec === 'object' && codec !== null && inPlace in codec
}
