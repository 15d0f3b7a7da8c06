/**
 * Named segments of memory that processes of one machine share: those of Python's `multiprocessing.shared_memory`.
 *
 * @packageDocumentation
 */
export { SharedMemory, type SharedMemoryOptions } from './shared-memory/shared-memory.js'
