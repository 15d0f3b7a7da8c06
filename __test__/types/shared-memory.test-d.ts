// The typings of shared memory: compiled, never run.

import { SharedMemory, type SharedMemoryOptions } from 'carom/shared-memory'

export function use(options: SharedMemoryOptions): void {
  using memory = SharedMemory.create(100, { name: 'x' })
  const again: SharedMemory = SharedMemory.open(memory.name)
  const buffer: ArrayBuffer = memory.buffer
  const state: [string, number, boolean] = [memory.name, memory.size, memory.closed]
  again.open().close()
  memory.unlink()
  SharedMemory.create(buffer.byteLength, options)
  // @ts-expect-error -- it has a size
  SharedMemory.create({ name: state[0] })
  // @ts-expect-error -- made by create and open
  void new SharedMemory('x')
}
