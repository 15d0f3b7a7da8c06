// The published typings, as a reader of the reference sees them: each public item with its comment, its members and its examples.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseSync } from 'rolldown/utils'

/** A member of a class or an interface. */
export interface Member {
  name: string
  comment: string
  /** Its type, where it is a property. */
  type: string | undefined
  optional: boolean
}

/** An item that one of the entries exports. Overloads of a function are one item. */
export interface Item {
  name: string
  kind: 'class' | 'function' | 'interface' | 'type'
  /** The types that a class or an interface extends. */
  bases: string[]
  comment: string
  members: Member[]
}

/** A program in a comment: its files, the first of which is run. */
export interface Example {
  item: string
  title: string
  files: { name: string; text: string }[]
}

interface Node {
  type: string
  start: number
  end: number
  [key: string]: unknown
}

const KINDS: Record<string, Item['kind']> = {
  ClassDeclaration: 'class',
  TSDeclareFunction: 'function',
  TSInterfaceDeclaration: 'interface',
  TSTypeAliasDeclaration: 'type',
}

/** All public items, by their names. */
export function publicItems(): Map<string, Item> {
  const text = readFileSync(fileURLToPath(new URL('../dist/types.d.cts', import.meta.url)), 'utf8')
  const { program, comments } = parseSync('types.d.cts', text, { lang: 'dts' })

  /** The comment right before a position. */
  const commentAt = (start: number): string => {
    const last = comments.findLast(({ end }) => end <= start)
    return last?.type === 'Block' && text.slice(last.end, start).trim() === '' ? plain(last.value) : ''
  }
  const source = (node: Node): string => text.slice(node.start, node.end)

  function memberOf(node: Node): Member[] {
    const key = node['key'] as (Node & { name?: string; value?: string }) | undefined
    if (key === undefined || node['accessibility'] === 'private') return []
    const name = key.name ?? key.value ?? `[${source(key)}]`
    if (key.type === 'PrivateIdentifier' || name === 'constructor') return []
    const annotation = node['typeAnnotation'] as Node | undefined
    const type = annotation && source(annotation).replace(/^:\s*/, '')
    return [{ name, comment: commentAt(node.start), type, optional: node['optional'] === true }]
  }

  const exported = new Set<string>()
  const items = new Map<string, Item>()
  for (const statement of program.body as unknown as Node[]) {
    for (const { local } of (statement['specifiers'] ?? []) as { local: { name: string } }[]) exported.add(local.name)
  }
  for (const statement of program.body as unknown as Node[]) {
    const kind = KINDS[statement.type]
    const { name: printed } = (statement['id'] ?? {}) as { name?: string }
    if (kind === undefined || printed === undefined || !exported.has(printed)) continue
    const name = printed.replace(/\$\d+$/, '')
    const { body = [] } = (statement['body'] ?? {}) as { body?: Node[] }
    const parents = (statement['extends'] ?? []) as { expression: Node }[]
    const bases = parents.map(({ expression }) => source(expression).replace(/\$\d+$/, ''))
    const parent = statement['superClass'] as Node | undefined
    if (parent) bases.push(source(parent))
    const earlier = items.get(name)
    const comment = [earlier?.comment ?? '', commentAt(statement.start)].join('\n').trim()
    items.set(name, { name, kind, bases, comment, members: body.flatMap(memberOf) })
  }
  return items
}

/** The examples of an item and of its members. */
export function examplesOf(item: Item): Example[] {
  const own = examplesIn(item.comment).map((files) => ({ item: item.name, title: item.name, files }))
  return own.concat(
    item.members.flatMap(({ name, comment }) =>
      examplesIn(comment).map((files) => ({ item: item.name, title: `${item.name}.${name}`, files })),
    ),
  )
}

const EXTENSIONS: Record<string, string> = { ts: 'ts', python: 'py' }

/** Each `@example` of a comment. A block whose first line is `// name.js`, or `# name.py`, is a further file of it. */
function examplesIn(comment: string): Example['files'][] {
  return comment
    .split(/^@example\b/m)
    .slice(1)
    .map((section) => {
      const [text = ''] = section.split(/^@\w+/m)
      return [...text.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(([, language = '', code = '']) => {
        const [, named = 'example'] = /^(?:\/\/|#) ([\w-]+)\.(?:js|py)\n/.exec(code) ?? []
        return { name: `${named}.${EXTENSIONS[language] ?? language}`, text: code }
      })
    })
}

/** The output that an example says it prints: behind a `console.log`, or in the lines below it. */
export function expectedOutput(code: string): string[] {
  const lines = code.split('\n')
  return lines.flatMap((line, n) => {
    if (!/\bconsole\.log\(/.test(line)) return []
    const [, behind] = /\) \/\/ (.*)$/.exec(line) ?? []
    if (behind !== undefined) return [behind]
    const rest = lines.slice(n + 1)
    const end = rest.findIndex((each) => !/^\s*\/\/ /.test(each))
    return rest.slice(0, end === -1 ? undefined : end).map((each) => each.trimStart().slice('// '.length))
  })
}

/** A comment's text, without the stars at its left. */
function plain(comment: string): string {
  return comment
    .replace(/^\*/, '')
    .replaceAll(/^[ \t]*\* ?/gm, '')
    .trim()
}
