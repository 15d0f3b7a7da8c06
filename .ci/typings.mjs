// Makes the published typings from those that the compiler has made of each module: one file with the entries' exports and all
// that they need, and for `import` and `require` of each entry one that names its exports. Nothing internal is
// in them, and a class is the same type whichever way it was loaded.

import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseSync } from 'rolldown/utils'

const [compiled, dist] = ['build/types', 'dist']

/** Entries, by the name of their file. */
const entries = Object.values(JSON.parse(readFileSync('package.json', 'utf8')).exports).flatMap(
  ({ require: { default: file } = {} }) => /^\.\/dist\/(.*)\.cjs$/.exec(file)?.[1] ?? [],
)

/** Every node below and including `node`, with its parent and the parent's field. */
function* nodes(node, parent, field) {
  yield { node, parent, field }
  for (const [key, value] of Object.entries(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child?.type === 'string') yield* nodes(child, node, key)
    }
  }
}

/** Whether an identifier is the name of a member or a parameter, not of something that was declared. */
function isMember({ parent, field }) {
  if (field === 'params') return true
  if (field === 'key' || field === 'property') return !parent.computed
  return field === 'right' || (field === 'label' && parent.type === 'TSNamedTupleMember')
}

/** A declaration at the top of a module. `name` is what it is called in the published file. */
class Declaration {
  name
  constructor(module, node, name, start) {
    Object.assign(this, { module, node, name, start })
  }

  get isType() {
    return ['TSInterfaceDeclaration', 'TSTypeAliasDeclaration'].includes(this.node.type)
  }

  /** The names that it refers to, each with the declaration, or the import of another package, behind it. */
  *references() {
    for (const found of nodes(this.node)) {
      if (found.node.type !== 'Identifier' || found.node === this.node.id || isMember(found)) continue
      const target = this.module.lookUp(found.node.name)
      if (target) yield { ...found, target }
    }
  }

  /** Its text, with the names that the published file has. */
  print(isPublic) {
    const edits = []
    for (const { node, target } of this.references()) edits.push([node.start, node.end, target.name])
    if (this.node.id) edits.push([this.node.id.start, this.node.id.end, this.name])
    // Members of a class that only carom itself uses need no mention.
    const interfaces = this.node.implements ?? []
    const kept = interfaces.filter(({ expression }) => isPublic(this.module.lookUp(expression.name)))
    if (kept.length < interfaces.length) {
      const [start, end] = [interfaces[0].start, interfaces.at(-1).end]
      const text = kept.map((each) => this.module.text.slice(each.start, each.end)).join(', ')
      const from = kept.length > 0 ? start : this.module.text.lastIndexOf('implements', start)
      edits.splice(0, edits.length, ...edits.filter(([at]) => at < start || at >= end), [from, end, text])
    }
    let { text } = this.module
    const at = this.start
    text = text.slice(0, this.node.end)
    for (const [start, end, name] of edits.toSorted((a, b) => b[0] - a[0])) {
      text = text.slice(0, start) + name + text.slice(end)
    }
    return text.slice(at).replace(/^(\/\*\*[^]*?\*\/\s*)?export /, '$1')
  }
}

/** The name in one of Node's modules that a declaration refers to. */
class Import {
  static #known = new Map()
  name

  static of(from, imported) {
    const key = `${from} ${imported}`
    const known = this.#known.get(key) ?? Object.assign(new Import(), { from, imported, name: imported })
    this.#known.set(key, known)
    return known
  }

  print() {
    const { from, imported, name } = this
    return `import { ${imported === name ? name : `${imported} as ${name}`} } from '${from}';`
  }
}

class Module {
  static #loaded = new Map()
  declarations = new Map()
  #imports = new Map()
  #exports = new Map()
  #exportAll = []

  static load(file) {
    let module = this.#loaded.get(file)
    if (!module) this.#loaded.set(file, (module = new Module(file)))
    return module
  }

  constructor(file) {
    this.file = file
    this.text = readFileSync(file, 'utf8')
    const { program, comments, errors } = parseSync(file, this.text)
    if (errors.length > 0) throw new Error(`${file}: ${errors[0].message}`)
    for (const statement of program.body) this.#add(statement, comments)
  }

  #add(statement, comments) {
    const from = statement.source?.value
    switch (statement.type) {
      case 'ImportDeclaration':
        for (const { local, imported } of statement.specifiers) {
          if (!imported) throw new Error(`${this.file}: only named imports can be put together`)
          this.#imports.set(local.name, { from, name: imported.name })
        }
        return
      case 'ExportAllDeclaration':
        this.#exportAll.push(from)
        return
      case 'ExportNamedDeclaration':
        for (const { local, exported } of statement.specifiers) {
          this.#exports.set(exported.name, { from, name: local.name })
        }
        if (statement.declaration) this.#declare(statement.declaration, statement, true, comments)
        return
      default:
        this.#declare(statement, statement, false, comments)
    }
  }

  #declare(node, statement, exported, comments) {
    const doc = comments.findLast(({ end }) => end <= statement.start)
    const adjacent = doc && doc.type === 'Block' && this.text.slice(doc.end, statement.start).trim() === ''
    const start = adjacent ? doc.start : statement.start
    for (const { id } of node.declarations ?? [node]) {
      const declared = this.declarations.get(id.name)
      const declaration = new Declaration(this, node, id.name, start)
      // Overloads, or an interface that is declared in parts.
      declaration.previous = declared
      declaration.first = declared?.first ?? declaration
      this.declarations.set(id.name, declaration)
      if (exported) this.#exports.set(id.name, { name: id.name })
    }
  }

  #resolve(from, name) {
    if (!from.startsWith('.')) return Import.of(from, name)
    const target = this.#module(from).exported(name)
    if (!target) throw new Error(`${this.file}: ${from} exports no ${name}`)
    return target
  }

  /** The meaning of `name` in this module; `undefined` where it is global, or of a declaration's own. */
  lookUp(name) {
    const imported = this.#imports.get(name)
    return imported ? this.#resolve(imported.from, imported.name) : this.declarations.get(name)
  }

  exported(name) {
    const found = this.#exports.get(name)
    if (found) return found.from ? this.#resolve(found.from, found.name) : this.lookUp(found.name)
    for (const from of this.#exportAll) {
      const target = this.#module(from).exported(name)
      if (target) return target
    }
    return undefined
  }

  exportedNames() {
    return [
      ...this.#exports.keys(),
      ...this.#exportAll.flatMap((from) => this.#module(from).exportedNames()),
    ].toSorted()
  }

  #module(from) {
    return Module.load(resolve(dirname(this.file), from.replace(/\.js$/, '.d.ts')))
  }
}

const exported = entries.map((entry) => {
  const module = Module.load(resolve(compiled, `${entry}.d.ts`))
  return { entry, names: module.exportedNames().map((name) => ({ name, target: module.exported(name) })) }
})
const open = new Set(exported.flatMap(({ names }) => names.map(({ target }) => target)))
const isPublic = (target) => !(target instanceof Declaration) || open.has(target)

// The exports, and the declarations that they refer to, in the order in which they are met.
const needed = new Set()
const taken = new Map()
function need(target) {
  if (needed.has(target)) return
  // The compiler tries overloads in their order.
  if (target.previous) need(target.previous)
  needed.add(target)
  claim(target)
  if (target instanceof Import) return
  for (const { target: other, parent } of target.references()) {
    if (parent.type !== 'TSClassImplements' || isPublic(other)) need(other)
  }
}

/** Gives `target` a name that nothing else has. */
function claim(target) {
  const { name } = target
  let holder = taken.get(name)
  if (holder && (!holder.first || holder.first !== target.first)) {
    let n = 1
    while (taken.has(`${name}$${n}`)) n++
    target.name = `${name}$${n}`
    holder = undefined
  }
  taken.set(target.name, holder ?? target)
}
for (const target of open) need(target)

const imports = [...needed].filter((each) => each instanceof Import).map((each) => each.print())
const list = (names) => `{ ${names.join(', ')} }`
const declarations = [...needed].filter((each) => each instanceof Declaration).map((each) => each.print(isPublic))
writeFileSync(
  join(dist, 'types.d.cts'),
  ['/// <reference types="node" />', ...imports.toSorted(), '', ...declarations]
    .concat(`export ${list([...open].map(({ name }) => name))};\n`)
    .join('\n'),
)
for (const { entry, names } of exported) {
  const named = ({ name, target }) => (target.name === name ? name : `${target.name} as ${name}`)
  const lines = [names.filter(({ target }) => !target.isType), names.filter(({ target }) => target.isType)]
    .map((each, n) => `export ${n === 0 ? '' : 'type '}${list(each.map(named))} from './types.cjs';\n`)
    .filter((_, n) => names.some(({ target }) => target.isType === (n === 1)))
  writeFileSync(join(dist, `${entry}.d.cts`), lines.join(''))
  writeFileSync(join(dist, `${entry}.d.ts`), `export * from './${entry}.cjs';\n`)
}
