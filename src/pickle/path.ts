import { unexpectedArguments } from './internal.js'
import { PythonPath, type PythonPathClass } from './python-types.js'

/** A `pathlib` path from what it was made of, since Python 3.12, or its parts. */
export function path(kind: PythonPathClass, parts: unknown[], name: string): PythonPath {
  if (!parts.every((part) => typeof part === 'string')) throw unexpectedArguments(name)
  const text = kind.endsWith('WindowsPath') ? windows(parts) : posix(parts)
  return new PythonPath(text === '' ? '.' : text, kind)
}

function posix(parts: string[]): string {
  let text = ''
  for (const part of parts) {
    if (text === '' || part.startsWith('/')) text = part
    else text += (text.endsWith('/') ? '' : '/') + part
  }
  // POSIX leaves it to the system what two slashes are; more of them are one.
  const root = /^\/\/(?!\/)/.test(text) ? '//' : text.startsWith('/') ? '/' : ''
  return root + names(text, '/')
}

function windows(parts: string[]): string {
  let text = ''
  for (const part of parts) {
    let next = part.replaceAll('/', '\\')
    const [from, to] = [drive(text), drive(next)]
    // A path on the same drive without a root goes on from there.
    if (to !== '' && to.toLowerCase() === from.toLowerCase()) next = next.slice(to.length)
    if (text === '' || drive(next) !== '') text = next
    else if (next.startsWith('\\')) text = from + next
    else if (next !== '') text += (/[\\:]$/.test(text) ? '' : '\\') + next
  }
  const before = drive(text)
  const rest = text.slice(before.length)
  const root = rest.startsWith('\\') || before.startsWith('\\') ? '\\' : ''
  return before + root + names(rest, '\\')
}

/** `c:`, or `\\server\share`, which has a root even where none is written. */
function drive(text: string): string {
  return /^(?:[^\\]:|\\\\[^\\]+\\[^\\]+)/.exec(text)?.[0] ?? ''
}

function names(text: string, separator: string): string {
  return text
    .split(separator)
    .filter((name) => name !== '' && name !== '.')
    .join(separator)
}
