/** How much is read at a time, and how much is staged before it leaves, in bytes. */
export const SLAB: number = 64 * 1024

/** How much is read at a time at most, where long messages are expected. */
export const READ_MAX: number = 1024 * 1024
