import { closeSync } from 'node:fs'

import { closeArrived, closeDescriptor as close, inheritable } from './binding.js'
import { checked } from './status.js'

/**
 * Closes a descriptor of carom's that no object owns. Not by `closeSync`: in a worker, Node warns of a descriptor that it has not
 * opened, and Deno's doesn't close one.
 */
export function closeDescriptor(fd: number): void {
  checked(() => close(fd))
}

/** Closes descriptors that no object owns. */
export function closeDescriptors(fds: readonly number[]): void {
  for (const fd of fds) closeDescriptor(fd)
}

/** Closes descriptors that a peer has sent, soon: closing them may wait, and this call doesn't. */
export function closeAside(fds: number[]): void {
  closeArrived(fds)
}

/** On Windows, the numbers of descriptors are the binding's own: a file of Node's has another one. */
const own = process.platform === 'win32'

/** Calls `start` with numbers of the same descriptors that a child can inherit as `stdio`. They stay the caller's. */
export function inheriting<T>(fds: readonly number[], start: (stdio: readonly number[]) => T): T {
  if (!own) return start(fds)
  const files: number[] = []
  try {
    for (const fd of fds) files.push(inheritable(fd))
    return start(files)
  } finally {
    for (const file of files) closeSync(file)
  }
}
