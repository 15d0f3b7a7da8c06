import { ProtocolError } from '../api/errors.js'
import { PythonError } from '../codecs/pickle/types/error.js'
import { PythonTuple } from '../codecs/pickle/types/tuple.js'

/**
 * The messages of `multiprocessing.managers`, each a pickle. A request is `(ident, name, args, kwargs)`: `ident` is an object's,
 * or `None` for a function of the server itself. A reply is `(kind, value)`.
 */
export const RETURN = '#RETURN'
/** The value is an exception. */
export const ERROR = '#ERROR'
/** The value is what Python prints of an exception that the server did not expect. */
export const TRACEBACK = '#TRACEBACK'
/** The result stays in the server: the value is `(exposed, token)`, and a reference to it is the receiver's. */
export const PROXY = '#PROXY'
/** The result can't be pickled: the value says why. */
export const UNSERIALIZABLE = '#UNSERIALIZABLE'

/** Where Python has the classes that messages name. */
export const MODULE = 'multiprocessing.managers'

export type Keywords = Readonly<Record<string, unknown>>

export function request(ident: string | null, name: string, args: readonly unknown[], kwargs: Keywords = {}): unknown {
  return PythonTuple.of<unknown>(ident, name, PythonTuple.from(args), kwargs)
}

export function reply(kind: string, value: unknown): unknown {
  return PythonTuple.of(kind, value)
}

export interface Request {
  ident: string | null
  name: string
  args: unknown[]
  kwargs: Keywords
}

/** A client's message, if it is a request. */
export function checkedRequest(value: unknown): Request {
  if (!Array.isArray(value) || value.length !== 4) throw malformed('a request must be a tuple of four')
  const [ident, name, args, kwargs] = value as unknown[]
  if (ident !== null && typeof ident !== 'string') throw malformed('the id of the object is no text')
  if (typeof name !== 'string') throw malformed('the name of the method is no text')
  if (!Array.isArray(args)) throw malformed('the arguments are no tuple')
  return { ident, name, args, kwargs: keywordsOf(kwargs) }
}

/** A dict with text for keys, which an empty one may arrive as in either form. */
function keywordsOf(kwargs: unknown): Keywords {
  if (kwargs instanceof Map) {
    if ([...kwargs.keys()].every((key) => typeof key === 'string')) return Object.fromEntries(kwargs) as Keywords
  } else if (typeof kwargs === 'object' && kwargs !== null && !Array.isArray(kwargs)) return kwargs as Keywords
  throw malformed('the arguments by name are no dict')
}

/** The two parts of what a server has sent, if it is a reply. */
export function checkedReply(value: unknown): [kind: string, value: unknown] {
  if (!Array.isArray(value) || value.length !== 2 || typeof value[0] !== 'string') {
    throw malformed('a reply must be a tuple of a kind and a value')
  }
  return value as [string, unknown]
}

/** Names of methods, in a tuple. */
export function checkedNames(value: unknown): string[] {
  if (!Array.isArray(value) || !value.every((name) => typeof name === 'string')) {
    throw malformed('the names of the methods are no tuple of text')
  }
  return Array.from(value as string[])
}

/** The error that Python raises as `RemoteError`: its message is the last line of the traceback, which says what happened. */
export function remoteError(text: unknown): PythonError {
  const traceback = typeof text === 'string' ? text : String(text)
  const message = traceback.trimEnd().split('\n').at(-1)!.trim()
  const error = new PythonError('RemoteError', [text], message, MODULE)
  error.traceback = traceback
  error.stack = `RemoteError: ${message}\n\n${traceback}`
  return error
}

export function malformed(why: string): ProtocolError {
  return new ProtocolError(`malformed message of a manager: ${why}; is the peer a multiprocessing manager?`)
}
