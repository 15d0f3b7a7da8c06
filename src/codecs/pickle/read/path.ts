import { unexpectedArguments } from './internal.js'
import { PythonPath, type PythonPathClass } from '../types/path.js'

/** A `pathlib` path from what it was made of, since Python 3.12, or its parts. */
export function path(kind: PythonPathClass, parts: unknown[], name: string): PythonPath {
  if (!parts.every((part) => typeof part === 'string')) throw unexpectedArguments(name)
  const text = kind.endsWith('WindowsPath') ? windows(parts) : posix(parts)
  return new PythonPath(text === '' ? '.' : text, kind)
}

function posix(parts: string[]): string {
  const given = parts.filter((part) => part !== '')
  // Parts before an absolute one do not count.
  const kept = given.slice(
    Math.max(
      given.findLastIndex((part) => part.startsWith('/')),
      0,
    ),
  )
  const [first = ''] = kept
  // POSIX leaves it to the system what two slashes are; more of them are one.
  const root = /^\/\/(?!\/)/.test(first) ? '//' : first.startsWith('/') ? '/' : ''
  return root + names(kept.join('/'), '/')
}

function windows(parts: string[]): string {
  let text = ''
  let end = ''
  // Looked up only where it matters: to search a text that grows, it would have to be put together for each part.
  let from: string | undefined = ''
  for (const part of parts) {
    let next = part.replaceAll('/', '\\')
    let to = drive(next)
    if (to !== '') {
      from ??= drive(text)
      // A path on the same drive without a root goes on from there.
      if (to.toLowerCase() === from.toLowerCase()) next = next.slice(to.length)
      to = drive(next)
    }
    if (text === '' || to !== '') {
      text = next
      from = to === '' && next.startsWith('\\') ? undefined : to
    } else if (next.startsWith('\\')) {
      from ??= drive(text)
      text = from + next
      if (from === '') from = undefined
    } else if (next !== '') {
      // A drive may begin here, and a share may end later than it seems to.
      if (text.length === 1 || (from !== undefined && from.length > 2 && from.length === text.length)) from = undefined
      text += (/[\\:]$/.test(end) ? '' : '\\') + next
    }
    if (next !== '') end = next
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
