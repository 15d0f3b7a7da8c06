// A plugin of typedoc's. It names each page by its heading and each module by its import, gives the navigation the order in which to
// read, and tells typedoc the text of headings that are code.

import { Application, Converter, DefaultTheme, ReflectionKind, RendererEvent } from 'typedoc'

/** The guides, in the order in which to read them, by the names of their files. */
const GUIDES = [
  'from-python',
  'request-and-reply',
  'processes',
  'calls',
  'authentication',
  'server',
  'timeouts',
  'end-of-stream',
  'codecs',
  'pickle',
  'managers',
  'shared-memory',
  'transports',
  'command',
  'tools',
]

/** The other pages. */
const SECTIONS = {
  Reference: ['options', 'errors', 'diagnostics', 'guarantees', 'SECURITY', 'structured', 'ring'],
  Project: [
    'platforms',
    'runtimes',
    'calls-speed',
    'spin-cost',
    'node-26',
    'node-20',
    'rust',
    'architecture',
    'CONTRIBUTING',
    'CHANGELOG',
  ],
}

/** The entries, which come first in the reference. */
const MODULES = ['index', 'calls', 'python', 'managers', 'shared-memory']

const pathOf = (name) => `documents/${name}.html`

class GuidesTheme extends DefaultTheme {
  buildNavigation(project) {
    const all = new Map(super.buildNavigation(project).map((element) => [element.path, element]))
    const taken = (path) => {
      const element = all.get(path)
      if (!element) throw new Error(`docs/site/guides.mjs names ${path}, which the site has not`)
      all.delete(path)
      return element
    }
    const modules = MODULES.map((name) => taken(`modules/${name}.html`))
    const guides = GUIDES.map((name) => taken(pathOf(name)))
    const sections = Object.entries(SECTIONS).map(([text, names]) => {
      const pages = names.map((name) => taken(pathOf(name)))
      return { text, children: text === 'Reference' ? [...modules, ...pages] : pages }
    })
    if (all.size > 0) throw new Error(`docs/site/guides.mjs has no place for ${[...all.keys()].join(', ')}`)
    return [...guides, ...sections]
  }
}

/** A heading's code has text as well: typedoc reads that of children. */
function readCodeInHeadings(parser) {
  parser.core.ruler.push('code_in_headings', ({ tokens, Token }) => {
    for (const [n, token] of tokens.entries()) {
      if (token.type !== 'heading_open') continue
      for (const part of tokens[n + 1].children) {
        if (part.type !== 'code_inline') continue
        const text = new Token('text', '', 0)
        text.content = part.content
        part.children = [text]
      }
    }
  })
}

export function load(app) {
  app.on(Application.EVENT_BOOTSTRAP_END, () => app.options.setValue('markdownItLoader', readCodeInHeadings))
  app.renderer.defineTheme('guides', GuidesTheme)
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
    for (const page of project.documents ?? []) page.name = page.name.replace(/^.*[/_]/, '')
    // Interfaces that only carom itself uses have no page.
    for (const each of project.getReflectionsByKind(ReflectionKind.Class)) {
      each.implementedTypes = each.implementedTypes?.filter(
        ({ reflection, package: from }) => reflection || from !== 'carom',
      )
    }
  })
  // By then the pages have their addresses, which are the names of their files.
  app.renderer.on(RendererEvent.BEGIN, ({ project }) => {
    for (const page of project.documents ?? []) {
      const text = page.content.map((part) => part.text).join('')
      page.name = /^# (.+)$/m.exec(text)?.[1].replaceAll('`', '') ?? page.name
    }
    for (const module of project.children) {
      module.name = module.name === 'index' ? 'carom' : `carom/${module.name}`
    }
  })
}
