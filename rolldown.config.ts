import { readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { defineConfig, type Plugin } from 'rolldown'

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
          if (!isBuiltin(imported) && !(imported in bundle)) this.error(`the bundle imports ${imported}`)
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

/**
 * Takes Node's modules as they are. An `import` of one makes a namespace of it first, which evaluates all that it would
 * otherwise load when it is used: measured, 3 to 4 ms of the start of every program.
 */
function builtins(): Plugin {
  return {
    name: 'builtins',
    renderChunk(code) {
      const taken = code.replaceAll(
        /^import (\{[^}]*\}) from ("(?:node:)?\w+");$/gm,
        (_, names: string, name: string) => {
          return `const ${names.replaceAll(' as ', ': ')} = process.getBuiltinModule(${name});`
        },
      )
      // Each line is still where it was.
      return { code: taken, map: null }
    },
  }
}

export default defineConfig({
  // What a `Process` runs, the other entries, and the codec that is loaded when it is used, share modules with `index`.
  input: {
    index: 'src/index.ts',
    bootstrap: 'src/process/bootstrap.ts',
    msgpack: 'src/codecs/msgpack.ts',
    python: 'src/python.ts',
  },
  external: isBuiltin,
  // Under the condition `node`, which rolldown adds for that platform, msgpackr is its build with streams and a native part.
  platform: 'neutral',
  resolve: { conditionNames: ['import', 'default'] },
  transform: { target: 'node20.19' },
  plugins: [builtins(), contents()],
  output: {
    dir: 'dist',
    format: 'esm',
    sourcemap: true,
    cleanDir: true,
    chunkFileNames: '[name].js',
    // One file of them: each that is loaded takes about as long as to compile a tenth of all code.
    codeSplitting: { groups: [{ name: 'shared', minShareCount: 2 }] },
  },
})
