import { constants } from 'node:os'

import { type Creation, type Global, Internal, NewObject, Reduction, unexpectedArguments } from './internal.js'
import type { PickleSettings } from '../options.js'
import { EXCEPTION_NAMES } from './python-names.js'

const { errno } = constants

/** The subclass that Python makes of an `OSError`, by its number: protocols 0 to 2 know the exceptions of Python 2 only. */
const SYSTEM_ERRORS = new Map<unknown, string>([
  [errno.EAGAIN, 'BlockingIOError'],
  [errno.EALREADY, 'BlockingIOError'],
  [errno.EINPROGRESS, 'BlockingIOError'],
  [errno.EWOULDBLOCK, 'BlockingIOError'],
  [errno.EPIPE, 'BrokenPipeError'],
  [errno.ECHILD, 'ChildProcessError'],
  [errno.ECONNABORTED, 'ConnectionAbortedError'],
  [errno.ECONNREFUSED, 'ConnectionRefusedError'],
  [errno.ECONNRESET, 'ConnectionResetError'],
  [errno.EEXIST, 'FileExistsError'],
  [errno.ENOENT, 'FileNotFoundError'],
  [errno.EISDIR, 'IsADirectoryError'],
  [errno.ENOTDIR, 'NotADirectoryError'],
  [errno.EINTR, 'InterruptedError'],
  [errno.EACCES, 'PermissionError'],
  [errno.EPERM, 'PermissionError'],
  [errno.ESRCH, 'ProcessLookupError'],
  [errno.ETIMEDOUT, 'TimeoutError'],
])

/** Other names of `OSError`. */
const ALIASES: ReadonlySet<string> = new Set(['IOError', 'EnvironmentError', 'WindowsError'])

/** How the names of exceptions end, by the habit of Python's programmers. */
const ENDING = /(Error|Exception|Warning|Exit|Interrupt|Empty|Full)$/

/** The longest name that is looked up: a peer may send one of megabytes, again and again. */
const LONGEST_NAME = 1000

/** Whether a class is an exception's. A pickle doesn't say so: its name does, or how it is used. */
export function isException({ module, path }: Global, creation: Creation, { exceptions }: PickleSettings): boolean {
  if (path.length + module.length > LONGEST_NAME) return false
  if (EXCEPTION_NAMES.get(module)?.has(path) || (module === 'builtins' && ALIASES.has(path))) return true
  if (exceptions.size > 0 && exceptions.has(`${module}.${path}`)) return true
  return creation === 'call' && ENDING.test(path)
}

/** The name of an exception: of an `OSError` with a number, that of the class which Python makes of it. */
export function exceptionName({ module, path }: Global, args: readonly unknown[]): string {
  if (module !== 'builtins') return path
  const plain = ALIASES.has(path) ? 'OSError' : path
  return plain === 'OSError' && args.length >= 2 && args.length <= 5 ? (SYSTEM_ERRORS.get(args[0]) ?? plain) : plain
}

/** `rebuild_exc(exception, traceback)`, of Python's pools of processes. */
export function rebuildException([error, traceback]: unknown[], name: string): Reduction {
  if (!(error instanceof Reduction) || typeof traceback !== 'string') throw unexpectedArguments(name)
  error.cause = traceback
  return error
}

/** `_reconstructor(class, base, state)`: how protocols 0 and 1 make an object without calling its class. */
export function reconstruct([type, base, state]: unknown[], name: string): NewObject {
  if (!(type instanceof Internal) || !(base instanceof Internal)) throw unexpectedArguments(name)
  return new NewObject(type, base.name === 'builtins.object' && state === null ? [] : [state])
}
