import { closeSync } from 'node:fs'

import { closeDescriptor as closeNumber, inheritable } from './binding.js'

/** On Windows, the numbers of descriptors are the binding's own: a file of Node's has another one. */
const own = process.platform === 'win32'

/** Closes a descriptor that no object owns. */
export const closeDescriptor: (fd: number) => void = own ? closeNumber : closeSync

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
