/**
 * On the prototype of `SharedMemory`, whose code is loaded on first use. Registered, so that another copy of carom knows an object of
 * this one: Jest makes several.
 */
export const segmentBrand: unique symbol = Symbol.for('carom.shared-memory') as never
