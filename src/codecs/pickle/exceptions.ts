import { constants } from 'node:os'

import { Internal, refuseInternal } from './internal.js'
import { PythonError } from './types/error.js'

const { errno } = constants

/** Python's built-in exceptions, up to 3.14. */
export const EXCEPTIONS: ReadonlySet<string> = new Set(
  `ArithmeticError AssertionError AttributeError BaseException BaseExceptionGroup BlockingIOError BrokenPipeError BufferError
  BytesWarning ChildProcessError ConnectionAbortedError ConnectionError ConnectionRefusedError ConnectionResetError
  DeprecationWarning EOFError EncodingWarning EnvironmentError Exception ExceptionGroup FileExistsError FileNotFoundError
  FloatingPointError FutureWarning GeneratorExit IOError ImportError ImportWarning IndentationError IndexError
  InterruptedError IsADirectoryError KeyError KeyboardInterrupt LookupError MemoryError ModuleNotFoundError NameError
  NotADirectoryError NotImplementedError OSError OverflowError PendingDeprecationWarning PermissionError ProcessLookupError
  PythonFinalizationError RecursionError ReferenceError ResourceWarning RuntimeError RuntimeWarning StopAsyncIteration
  StopIteration SyntaxError SyntaxWarning SystemError SystemExit TabError TimeoutError TypeError UnboundLocalError
  UnicodeDecodeError UnicodeEncodeError UnicodeError UnicodeTranslateError UnicodeWarning UserWarning ValueError Warning
  ZeroDivisionError`.split(/\s+/),
)

/** What Python makes of an `OSError`, by its number: protocols 0 to 2 know the exceptions of Python 2 only. */
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

const SYSTEM_ERROR_NAMES = new Set(['OSError', ...SYSTEM_ERRORS.values()])

/** The `Error` of a built-in exception. */
export function exception(args: unknown[], qualified: string): PythonError {
  for (const arg of args) if (arg instanceof Internal) refuseInternal(arg)
  const given = qualified.slice(qualified.indexOf('.') + 1)
  const plain = given === 'IOError' || given === 'EnvironmentError' ? 'OSError' : given
  const name = plain === 'OSError' && args.length >= 2 ? (SYSTEM_ERRORS.get(args[0]) ?? plain) : plain
  return new PythonError(name, args, message(name, args))
}

function message(name: string, args: unknown[]): string {
  const texts = args.map(text)
  if (args.length < 2) return texts.join('')
  if (name.endsWith('ExceptionGroup')) return texts[0]!
  if (!SYSTEM_ERROR_NAMES.has(name)) return `(${texts.join(', ')})`
  const file = args.length > 2 && args[2] !== null ? `: '${texts[2]}'` : ''
  return `[Errno ${texts[0]}] ${texts[1]}${file}`
}

/** The decimal digits of a larger integer take a time that grows faster than their number. */
const BITS_SHOWN = 14_000

/** Never what is inside something: it may be shared so often that its text would have no end. */
function text(value: unknown): string {
  if (typeof value === 'bigint' && BigInt.asIntN(BITS_SHOWN, value) !== value) return '…'
  if (Array.isArray(value)) return '[…]'
  if (value === null) return 'None'
  return typeof value === 'object' ? '{…}' : String(value)
}
