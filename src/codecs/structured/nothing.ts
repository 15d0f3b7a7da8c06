/** Stands in for an absent element or property until the array or object is complete. */
export const NOTHING: unique symbol = Symbol('nothing')
