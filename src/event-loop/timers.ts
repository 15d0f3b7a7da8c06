/**
 * Node's timers, microtasks and clock, taken once when carom is loaded. Tests replace the global ones by their own, which stand
 * still: connections, handshakes and time limits must go on nevertheless. So nothing else here uses the global ones.
 */

const timers = process.getBuiltinModule('node:timers')

export const setImmediate: typeof globalThis.setImmediate = timers.setImmediate
export const setTimeout: typeof globalThis.setTimeout = timers.setTimeout
export const clearTimeout: typeof globalThis.clearTimeout = timers.clearTimeout
export const queueMicrotask: typeof globalThis.queueMicrotask = globalThis.queueMicrotask
export const nextTick: typeof process.nextTick = process.nextTick.bind(process)

// `node:perf_hooks` has this clock too, but takes almost a millisecond to load.
const { hrtime } = process

/** A monotonic time in milliseconds, from an arbitrary origin. */
export function now(): number {
  const [seconds, nanoseconds] = hrtime()
  return seconds * 1e3 + nanoseconds / 1e6
}
