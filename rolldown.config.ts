import { readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { basename, join, relative } from 'node:path'
import { type ChunkingContext, defineConfig, type Plugin } from 'rolldown'

/**
 * The package's entries, as `package.json` exports them: the file `dist/python.cjs`, for one, has what `src/python.ts` exports,
 * and `dist/python.js` gives the same to `import`.
 */
const entries: Record<string, string> = Object.fromEntries(
  Object.values(JSON.parse(readFileSync('package.json', 'utf8')).exports as Record<string, string | Conditions>)
    .map((conditions) => (typeof conditions === 'string' ? '' : basename(conditions.require.default, '.cjs')))
    .filter((name) => name !== '')
    .map((name) => [name, `src/${name}.ts`]),
)

interface Conditions {
  require: { default: string }
}

/** What a `Process` runs, and what `npx carom` does. */
const programs: Record<string, string> = { bootstrap: 'src/process/bootstrap.ts', command: 'src/command.ts' }

/** Of `input`, by module, the name of the file in `dist/`. */
const known = new Map(Object.entries({ ...entries, ...programs }).map(([name, source]) => [source, name]))

/**
 * A module that is loaded when it is used becomes a file of its own, which a literal `require` names: bundlers and tracers
 * see it. So `require('./msgpack.js')` in a function of `src/` is all that it takes. A `require` of anything else, such as a
 * binary, stays as it is.
 */
function lazy(): Plugin {
  return {
    name: 'lazy',
    async resolveId(source, importer, { kind }) {
      if (kind !== 'require-call') return
      if (!source.startsWith('.') || source.endsWith('.node')) return { id: source, external: true }
      const resolved = await this.resolve(source, importer, { skipSelf: true })
      if (!resolved) return
      const module = relative(import.meta.dirname, resolved.id)
      let name = known.get(module)
      if (name === undefined) {
        name = basename(module, '.ts')
        if ([...known.values()].includes(name)) this.error(`${module} would be a second dist/${name}.cjs`)
        known.set(module, name)
        this.emitFile({ type: 'chunk', id: resolved.id, name })
      }
      return { id: `./${name}.cjs`, external: true }
    },
  }
}

/** Puts the text of Python files into the code. */
function python(): Plugin {
  return {
    name: 'python',
    load: (id) => (id.endsWith('.py') ? `export default ${JSON.stringify(readFileSync(id, 'utf8'))}` : undefined),
  }
}

/**
 * Keeps the bundle honest: it imports nothing but Node's own modules, and of each package inside it the published
 * notices hold the licence.
 */
function contents(): Plugin {
  return {
    name: 'contents',
    generateBundle(_options, bundle) {
      const notices = readFileSync('THIRD-PARTY-NOTICES.md', 'utf8')
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk') continue
        for (const imported of [...chunk.imports, ...chunk.dynamicImports]) {
          const inside = isBuiltin(imported) || imported.replace('./', '') in bundle
          if (!inside && !/^\.\.\/carom\..*\.node$|^@carom\/binding-/.test(imported))
            this.error(`the bundle imports ${imported}`)
        }
        const packages = chunk.moduleIds.flatMap((id) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(id)?.[1] ?? [])
        for (const name of new Set(packages)) {
          const licence = readFileSync(`node_modules/${name}/LICENSE`, 'utf8').trim()
          if (!notices.includes(licence)) this.error(`THIRD-PARTY-NOTICES.md lacks the licence of ${name}`)
        }
      }
    },
  }
}

/** Takes Node's modules so that a bundle which is an ES module, and has no `require`, can take them too. */
function builtins(): Plugin {
  return {
    name: 'builtins',
    renderChunk(code) {
      // Each line is still where it was.
      return { code: code.replaceAll(/\brequire\(("node:[\w/]+")\)/g, 'process.getBuiltinModule($1)'), map: null }
    },
  }
}

/** Has the code that is run first say which Node it needs, where it would fail for the lack of it. */
function requirement(): Plugin {
  const { node } = (JSON.parse(readFileSync('package.json', 'utf8')) as { engines: { node: string } }).engines
  const message = `carom needs Node.js ${node}, and this is `
  return {
    name: 'requirement',
    renderChunk(code, { name }) {
      if (name !== 'shared') return
      const check = `if (!process.getBuiltinModule) throw new Error(${JSON.stringify(message)} + process.version);`
      // Each line is still where it was.
      return { code: code.replace(/^("use strict";)?/, (strict) => `${strict} ${check}`), map: null }
    },
  }
}

/**
 * Gives `Symbol.dispose` and `Symbol.asyncDispose` a stand-in where a realm lacks them, which those that Jest 29 makes do on
 * Node 20: the one that compilers of `using` take there.
 */
function disposal(): Plugin {
  return {
    name: 'disposal',
    renderChunk(code) {
      if (!/Symbol\.(asyncD|d)ispose/.test(code)) return
      const standIns = ['dispose', 'asyncDispose'].map(
        (name) => `${name}$ = Symbol.${name} ?? Symbol.for("Symbol.${name}")`,
      )
      const taken = code.replaceAll(/\bSymbol\.(dispose|asyncDispose)\b/g, '$1$$')
      // Each line is still where it was.
      return { code: taken.replace(/^("use strict";)?/, `$1 const ${standIns.join(', ')};`), map: null }
    },
  }
}

/**
 * Writes a character outside ASCII as its escape. V8 keeps a file that has one in two bytes a character, and takes a third longer to
 * compile it; and what a process reads at its start then fills V8's young generation, which costs a garbage collection.
 */
function ascii(): Plugin {
  return {
    name: 'ascii',
    generateBundle(_options, bundle) {
      for (const chunk of Object.values(bundle)) {
        // Each line is still where it was.
        if (chunk.type === 'chunk') chunk.code = chunk.code.replaceAll(/[^\0-\x7f]/g, escaped)
      }
    },
  }
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/**
 * Has a chunk export values, where no binding changes afterwards, and not a getter for each: that would be a tenth of the code that
 * all programs load, and a call for each use in another chunk.
 */
function values(): Plugin {
  const getter =
    /Object\.defineProperty\(exports, "(\w+)", \{\s+enumerable: true,\s+get: function\(\) \{\s+return ([\w$]+);\s+\}\s+\}\);/g
  return {
    name: 'values',
    generateBundle(_options, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk') continue
        const { code } = chunk
        // Each stands behind all other code, whose lines are still where they were.
        chunk.code = code.replaceAll(getter, (whole, name: string, binding: string) => {
          const declared = `const ${binding} =|var ${binding} = class|(?:async )?function\\*? ${binding}\\(`
          const constant = new RegExp(`^(?:${declared.replaceAll('$', '\\$')})`, 'm')
          return constant.test(code) ? `exports.${name} = ${binding};` : whole
        })
      }
    },
  }
}

/**
 * Gives `import` what `require` gives. Exports that are declared are seen by all that reads a module without running it, and
 * there is one instance of all code, whichever way it was loaded.
 */
function wrappers(): Plugin {
  return {
    name: 'wrappers',
    generateBundle(_options, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk' || !(chunk.name in entries)) continue
        const names = chunk.exports.toSorted().join(',\n  ')
        const source = `import body from './${chunk.fileName}'\n\nexport const {\n  ${names},\n} = body\n`
        this.emitFile({ type: 'asset', fileName: `${chunk.name}.js`, source })
      }
    },
  }
}

/** The modules that load with `src/index.ts`, or with the program of a `Process`: those that a `require` loads later are not among them. */
function neededAtOnce(context: ChunkingContext): ReadonlySet<string> {
  if (atOnce.size > 0) return atOnce
  const found = ['src/index.ts', programs['bootstrap']!].map((source) => join(import.meta.dirname, source))
  for (const id of found) {
    if (atOnce.has(id)) continue
    atOnce.add(id)
    found.push(...(context.getModuleInfo(id)?.importedIds ?? []))
  }
  return atOnce
}

const atOnce = new Set<string>()

/** Of these, what several files need stands where all find it: the codec of a first message is then one file. */
const OFTEN = /src\/(?:event-loop|codecs\/(?!pickle\/|msgpack\/))/

export default defineConfig({
  input: { ...entries, ...programs },
  external: isBuiltin,
  platform: 'neutral',
  resolve: { conditionNames: ['import', 'default'], mainFields: ['module', 'main'] },
  transform: { target: 'node20.19' },
  plugins: [lazy(), python(), builtins(), requirement(), disposal(), ascii(), values(), wrappers(), contents()],
  output: {
    dir: 'dist',
    format: 'cjs',
    esModule: false,
    strict: true,
    generatedCode: { symbols: false },
    sourcemap: true,
    // The source has them, by the source map: half of what would be read on each start.
    comments: { jsdoc: false },
    cleanDir: true,
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name].cjs',
    // One file of what all need: each that is loaded takes about as long as to compile a tenth of all code. What most programs
    // don't load stays out of it.
    codeSplitting: {
      groups: [
        {
          name: (id, context) => (neededAtOnce(context).has(id) || OFTEN.test(id) ? 'shared' : undefined),
          minShareCount: 2,
          priority: 1,
        },
        // Before the next two, which would take what they depend on along with them.
        { name: 'coding', test: /src\/codecs\/(?!pickle\/)/, minShareCount: 2, priority: 1 },
        { name: 'pickling', test: /src\/codecs\/pickle\//, minShareCount: 2 },
        { name: 'calling', test: /src\/calls\//, minShareCount: 2 },
        { name: 'handshaking', test: /src\/(?:api|connection)\//, minShareCount: 2 },
      ],
    },
  },
})
