import type { IOType, StdioOptions } from 'node:child_process'
import type { Stream } from 'node:stream'

import { invalidType, outOfRange } from '../api/arguments.js'

type Stdio = IOType | 'ipc' | Stream | number | null | undefined

/** The first three descriptors of a child, from any form of Node's option `stdio`; the others are the caller's to choose. */
export function standard(stdio: StdioOptions | undefined, fallback: 'inherit' | 'pipe'): Stdio[] {
  if (stdio === undefined) return [fallback, fallback, fallback]
  if (typeof stdio === 'string') return [stdio, stdio, stdio]
  if (!Array.isArray(stdio)) throw invalidType('stdio', 'a string or an array', stdio)
  if (stdio.length > 3) {
    throw outOfRange('stdio', 'about the descriptors 0, 1 and 2 only: those behind are for connections', stdio.length)
  }
  return [0, 1, 2].map((n) => stdio[n] ?? fallback)
}
