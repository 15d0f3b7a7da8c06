import { unexpectedArguments } from './internal.js'
import { PythonPath, type PythonPathClass } from './python-types.js'

/** A `pathlib` path: from its parts, or, since Python 3.13, its text. */
export function path(kind: PythonPathClass, parts: unknown[], name: string): PythonPath {
  if (!parts.every((part) => typeof part === 'string')) throw unexpectedArguments(name)
  const separator = kind.endsWith('WindowsPath') ? '\\' : '/'
  let text = ''
  for (const part of parts) {
    // The first part holds what stands before the names: `/`, or `c:\`, or a drive without its root, `c:`.
    const joined = text === '' || text.endsWith(separator) || (separator === '\\' && text.endsWith(':'))
    text += joined ? part : separator + part
  }
  return new PythonPath(text === '' ? '.' : text, kind)
}
