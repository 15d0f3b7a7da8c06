/** Stands for an element or a property that isn't there, until the array or the object is done. */
export const NOTHING: unique symbol = Symbol('nothing')
