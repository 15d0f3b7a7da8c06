/** The text that Python's `str()` gives of an exception. */

import { Arguments, type Global, type Reduction } from './internal.js'
import { escaped, Printer } from './repr.js'
import { PythonTuple } from '../types/tuple.js'

/** Characters that the message of one exception may take, and those of all in a pickle of so many bytes. */
const ROOM = 1 << 16
const ROOM_FOR_ALL = 1 << 20
const ROOM_PER_BYTE = 16

const SYSTEM_ERRORS = new Set(
  `OSError BlockingIOError BrokenPipeError ChildProcessError ConnectionAbortedError ConnectionError ConnectionRefusedError
  ConnectionResetError FileExistsError FileNotFoundError InterruptedError IsADirectoryError NotADirectoryError PermissionError
  ProcessLookupError TimeoutError`.split(/\s+/),
)

/** Prints the messages of the exceptions of one pickle. */
export class Messages {
  readonly #origins: ReadonlyMap<unknown, string>
  #room: number

  constructor(origins: ReadonlyMap<unknown, string>, bytes: number) {
    this.#origins = origins
    this.#room = ROOM_FOR_ALL + ROOM_PER_BYTE * bytes
  }

  /** The text that Python prints of an exception. */
  of(error: Reduction): string {
    const [only] = error.args
    // As most are. It is no copy, and may be of any length.
    if (error.args.length === 1 && typeof only === 'string' && error.name !== 'builtins.KeyError') return only
    const room = Math.max(Math.min(ROOM, this.#room), 0)
    const printer: Printer = new Printer(room, this.#origins, (inner) => message(inner, printer))
    const text = message(error, printer)
    this.#room -= text.length
    return text
  }
}

/** Whether no more has to be known of the arguments than the values that they are read as. */
export function isPlain(error: Reduction): boolean {
  return error.args.every((arg) => typeof arg === 'string' || typeof arg === 'boolean' || arg === null)
}

function message(error: Reduction, printer: Printer): string {
  const { args } = error
  const { module, path } = error.callee as Global
  const special = module === 'builtins' ? builtIn(path, args, printer) : undefined
  if (special !== undefined) return special
  if (args.length === 0) return ''
  return args.length === 1 ? printer.str(args[0]) : printer.repr(PythonTuple.from(args))
}

/** The texts of the built-in classes that don't print as `BaseException` does; `undefined` where they do. */
function builtIn(name: string, args: readonly unknown[], printer: Printer): string | undefined {
  switch (name) {
    case 'KeyError':
      return args.length === 1 ? printer.repr(args[0]) : undefined
    case 'SyntaxError':
    case 'IndentationError':
    case 'TabError':
    case '_IncompleteInputError':
      return syntaxError(args, printer)
    case 'UnicodeEncodeError':
      return args.length === 5 ? unicodeError(args[0], args[1], args[2], args[3], args[4], printer) : undefined
    case 'UnicodeDecodeError':
      return args.length === 5 ? unicodeError(args[0], args[1], args[2], args[3], args[4], printer) : undefined
    case 'UnicodeTranslateError':
      return args.length === 4 ? unicodeError(undefined, args[0], args[1], args[2], args[3], printer) : undefined
    case 'BaseExceptionGroup':
    case 'ExceptionGroup': {
      const inner = itemsOf(args[1])
      return inner && `${printer.str(args[0])} (${inner.length} sub-exception${inner.length === 1 ? '' : 's'})`
    }
    default:
      return SYSTEM_ERRORS.has(name) ? systemError(name, args, printer) : undefined
  }
}

function systemError(name: string, args: readonly unknown[], printer: Printer): string | undefined {
  if (args.length < 2 || args.length > 5) return undefined
  const [number, text, file, winerror, file2] = args
  const what =
    typeof winerror === 'number'
      ? `[WinError ${winerror}] ${printer.str(text)}`
      : `[Errno ${printer.str(number)}] ${printer.str(text)}`
  if (file === undefined || file === null) return what
  // How many characters were written is no file.
  if (name === 'BlockingIOError' && (typeof file === 'number' || typeof file === 'bigint')) return what
  const second = file2 === undefined || file2 === null ? '' : ` -> ${printer.repr(file2)}`
  return `${what}: ${printer.repr(file)}${second}`
}

function syntaxError(args: readonly unknown[], printer: Printer): string {
  const text = printer.str(args[0] ?? null)
  const [file, line] = args.length === 2 ? (itemsOf(args[1]) ?? []) : []
  const name = typeof file === 'string' ? printer.str(baseName(file)) : undefined
  const at = typeof line === 'number' || typeof line === 'bigint' ? `line ${line}` : undefined
  const where = [name, at].filter((part) => part !== undefined)
  return where.length === 0 ? text : `${text} (${where.join(', ')})`
}

/** The longest path whose last part is looked for: a peer may send one of megabytes, and refer to it again and again. */
const LONGEST_PATH = 4096

function baseName(path: string): string {
  return path.length > LONGEST_PATH ? path : path.slice(path.lastIndexOf('/') + 1)
}

/** `encoding` is `undefined` of an error of translating. */
function unicodeError(
  encoding: unknown,
  object: unknown,
  start: unknown,
  end: unknown,
  reason: unknown,
  printer: Printer,
): string | undefined {
  if (typeof start !== 'number' || typeof end !== 'number') return undefined
  const bytes = object instanceof Uint8Array ? object : undefined
  const verb =
    encoding === undefined ? "can't translate" : `'${printer.str(encoding)}' codec can't ${bytes ? 'decode' : 'encode'}`
  const why = printer.str(reason)
  const one = end === start + 1 ? itemAt(object, start) : undefined
  if (one === undefined) return `${verb} ${bytes ? 'bytes' : 'characters'} in position ${start}-${end - 1}: ${why}`
  return `${verb} ${one} in position ${start}: ${why}`
}

/** The byte or the character at a place, as such an error prints it. */
function itemAt(object: unknown, at: number): string | undefined {
  if (object instanceof Uint8Array) {
    const byte = object[at]
    return byte === undefined ? undefined : `byte 0x${byte.toString(16).padStart(2, '0')}`
  }
  if (typeof object !== 'string') return undefined
  const character = characterAt(object, at)
  if (character === undefined) return undefined
  const point = character.codePointAt(0)!
  const text = point <= 0xff ? `\\x${point.toString(16).padStart(2, '0')}` : escaped(character)
  return `character '${text}'`
}

/** Python counts characters, not units of UTF-16. */
function characterAt(text: string, at: number): string | undefined {
  if (at > text.length) return undefined
  let n = 0
  for (const character of text) if (n++ === at) return character
  return undefined
}

/** The items of a list or a tuple. */
function itemsOf(value: unknown): readonly unknown[] | undefined {
  if (value instanceof Arguments) return value.items
  return Array.isArray(value) ? (value as unknown[]) : undefined
}
