import type * as Binding from '../index.js'
import { CaromError } from './errors.js'
import { explainMissingBinding } from './platforms.js'

// The bundler makes a call of this: it puts the generated loader into the bundle, to be run here. A static import would
// run it before anything could catch what it throws, and `import()` can't be awaited in what is to be required.
declare const require: (loader: '../index.js') => typeof Binding

/** The only place that knows of the generated loader. */
function load(): typeof Binding {
  try {
    return require('../index.js')
  } catch (cause) {
    throw new CaromError(explainMissingBinding(), 'ERR_CAROM_NO_BINDING', { cause })
  }
}

const binding = load()

export const closeDescriptor: typeof Binding.closeDescriptor = binding.closeDescriptor
export const duplicate: typeof Binding.duplicate = binding.duplicate
export const endWith: typeof Binding.endWith = binding.endWith
export const exitOf: typeof Binding.exitOf = binding.exitOf
export const NativeReactor: typeof Binding.Reactor = binding.Reactor
export type NativeReactor = Binding.Reactor
export const resolve: typeof Binding.resolve = binding.resolve
export const socketPair: typeof Binding.socketPair = binding.socketPair
export type Transfer = Binding.Transfer
export const inheritable: typeof Binding.inheritable = binding.inheritable
