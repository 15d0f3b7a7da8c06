// Measures how long each codec takes to turn a value into a message and back: carom's default beside msgpackr, JSON and V8.
//
//   node --import=@oxc-node/core/register bench/codecs.ts [--node 20 --node 26] [--only rows] [--rounds 9]

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'rolldown'

import { runtimes } from '../__test__/runtimes/binaries.ts'

const { values: options } = parseArgs({
  options: {
    node: { type: 'string', multiple: true, default: [] },
    only: { type: 'string', default: '' },
    rounds: { type: 'string', default: '9' },
  },
})

// The codecs as users have them: bundled, and so with their constants in place.
const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const dir = file('../node_modules/.cache/carom-bench-codecs')
await build({
  input: { measure: file('codecs/measure.ts') },
  external: /^node:/,
  platform: 'neutral',
  resolve: { conditionNames: ['import', 'default'] },
  output: { dir, format: 'esm', entryFileNames: '[name].mjs', codeSplitting: false },
  logLevel: 'silent',
})
const programs =
  options.node.length > 0
    ? (await runtimes(options.node.map((major) => `node${major}`))).map(({ program }) => program)
    : [process.execPath]
for (const program of programs) {
  execFileSync(program, [join(dir, 'measure.mjs'), options.only, options.rounds], { stdio: 'inherit' })
}
