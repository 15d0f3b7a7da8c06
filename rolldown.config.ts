import { readFileSync } from 'node:fs'
import { defineConfig, type Plugin } from 'rolldown'

const binding = '../index.js'

/**
 * Keeps the bundle honest: it imports nothing but Node's own modules and the binding, and of each package inside it the
 * published notices hold the licence.
 */
function contents(): Plugin {
  return {
    name: 'contents',
    generateBundle(_options, bundle) {
      const notices = readFileSync('THIRD-PARTY-NOTICES.md', 'utf8')
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk') continue
        for (const imported of [...chunk.imports, ...chunk.dynamicImports]) {
          if (imported !== binding && !(imported in bundle) && !imported.startsWith('node:'))
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

export default defineConfig({
  // What a `Process` runs shares its modules with what users import.
  input: { index: 'src/index.ts', bootstrap: 'src/process/bootstrap.ts' },
  external: [binding, /^node:/],
  // Under the condition `node`, which rolldown adds for that platform, msgpackr is its build with streams and a native part.
  platform: 'neutral',
  resolve: { conditionNames: ['import', 'default'] },
  transform: { target: 'node20.19' },
  plugins: [contents()],
  output: { dir: 'dist', format: 'esm', sourcemap: true, cleanDir: true, chunkFileNames: 'shared.js' },
})
