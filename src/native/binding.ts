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
  throw new CaromError(explainMissingBinding(platform, failures), 'ERR_CAROM_NO_BINDING', { cause })
}

const binding = load()

export type ArrivedDescriptor = Binding.ArrivedDescriptor
export const checkSharedMemoryName: typeof Binding.checkSharedMemoryName = binding.checkSharedMemoryName
export const closeArrived: typeof Binding.closeArrived = binding.closeArrived
export const closeDescriptor: typeof Binding.closeDescriptor = binding.closeDescriptor
export const createSharedMemory: typeof Binding.createSharedMemory = binding.createSharedMemory
export const duplicate: typeof Binding.duplicate = binding.duplicate
export const endWith: typeof Binding.endWith = binding.endWith
export const inheritable: typeof Binding.inheritable = binding.inheritable
export const isStarting: typeof Binding.isStarting = binding.isStarting
export const NativeChild: typeof Binding.Child = binding.Child
export type NativeChild = Binding.Child
export const openSharedMemory: typeof Binding.openSharedMemory = binding.openSharedMemory
export const ringPair: typeof Binding.ringPair = binding.ringPair
export const resolve: typeof Binding.resolve = binding.resolve
export const setStarting: typeof Binding.setStarting = binding.setStarting
export const socketPair: typeof Binding.socketPair = binding.socketPair
export const unlinkSharedMemory: typeof Binding.unlinkSharedMemory = binding.unlinkSharedMemory
export const takeFailure: typeof Binding.takeFailure = binding.takeFailure
export const FailureKind: typeof Binding.FailureKind = binding.FailureKind
export const isNonblocking: typeof Binding.isNonblocking = binding.isNonblocking
export const keepFreedMemory: typeof Binding.keepFreedMemory = binding.keepFreedMemory
export const NativePages: typeof Binding.Pages = binding.Pages
export type NativePages = Binding.Pages
export const NativeReactor: typeof Binding.Reactor = binding.Reactor
export type NativeReactor = Binding.Reactor
export type { Failure, Segment, Transfer } from '../../index.js'

// Facts that both sides know are declared once, in Rust: statuses, sizes, the layout of a receive report, the bits of a report of
// readiness, the states of a handshake.
export const NOTHING: typeof Binding.NOTHING = binding.NOTHING
export const END: typeof Binding.END = binding.END
export const TRUNCATED: typeof Binding.TRUNCATED = binding.TRUNCATED
export const MALFORMED: typeof Binding.MALFORMED = binding.MALFORMED
export const TOO_LONG: typeof Binding.TOO_LONG = binding.TOO_LONG
export const RING: typeof Binding.RING = binding.RING
export const SYSTEM: typeof Binding.SYSTEM = binding.SYSTEM
export const READABLE: typeof Binding.READABLE = binding.READABLE
export const WRITABLE: typeof Binding.WRITABLE = binding.WRITABLE
export const ENDED: typeof Binding.ENDED = binding.ENDED
export const HANDSHAKE_WRITES: typeof Binding.HANDSHAKE_WRITES = binding.HANDSHAKE_WRITES
export const HANDSHAKE_DONE_LEGACY: typeof Binding.HANDSHAKE_DONE_LEGACY = binding.HANDSHAKE_DONE_LEGACY
export const HANDSHAKE_DONE: typeof Binding.HANDSHAKE_DONE = binding.HANDSHAKE_DONE
export const SLAB: typeof Binding.SLAB = binding.SLAB
export const READ_MAX: typeof Binding.READ_MAX = binding.READ_MAX
export const RUN_MAX: typeof Binding.RUN_MAX = binding.RUN_MAX
export const REPORT_ANNOUNCED: typeof Binding.REPORT_ANNOUNCED = binding.REPORT_ANNOUNCED
export const REPORT_START: typeof Binding.REPORT_START = binding.REPORT_START
export const REPORT_END: typeof Binding.REPORT_END = binding.REPORT_END
export const REPORT_DRAINED: typeof Binding.REPORT_DRAINED = binding.REPORT_DRAINED
export const REPORT_DESCRIPTORS: typeof Binding.REPORT_DESCRIPTORS = binding.REPORT_DESCRIPTORS
export const REPORT_RUNS: typeof Binding.REPORT_RUNS = binding.REPORT_RUNS
export const REPORT_SIZE: typeof Binding.REPORT_SIZE = binding.REPORT_SIZE
export const DESCRIPTORS_MAX: typeof Binding.DESCRIPTORS_MAX = binding.DESCRIPTORS_MAX
