/** The only module that knows where the generated loader is. */
export { Reactor as NativeReactor, resolve, socketPair } from '../index.js'
export type { Transfer } from '../index.js'
