/** What a codec needs of descriptors in messages. */
export { make } from './arrived.js'
export { behindMark } from './descriptor-mark.js'
export { describe, isTransferable } from './transferable.js'
