import type * as Binding from '../../index.js'
import { CaromError } from '../api/errors.js'
import { loadBinary } from './binaries.js'
import { explainMissingBinding, thisPlatform } from './platforms.js'

function load(): typeof Binding {
  const platform = thisPlatform()
  const failures: unknown[] = []
  const binding = loadBinary(platform, failures)
  if (binding) return binding as typeof Binding
  const cause = new AggregateError(failures, 'neither a binary that was built here nor a package can be loaded')
  throw new CaromError(explainMissingBinding(platform), 'ERR_CAROM_NO_BINDING', { cause })
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
