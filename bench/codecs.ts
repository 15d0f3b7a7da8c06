// Measures how long each codec takes to turn a value into a message and back: carom's default beside msgpackr, JSON and V8.
//
//   node --import=@oxc-node/core/register bench/codecs.ts [--node 20 --node 26] [--only rows] [--turns 3] [--rounds 5]
//
// Each codec has a process of its own for each value, and is warmed up the same way there (see codecs/measure.ts): what others
// leave behind for the collector, and what the engine has learnt from other values, would be in its figures. The codecs'
// processes take turns. A figure is the median of all rounds; a share compares the medians of processes of the same turn.

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'rolldown'

import { runtimes } from '../__test__/runtimes/binaries.ts'
import { type Figures, rivals } from './codecs/figures.ts'
import { values } from './codecs/values.ts'

const { values: options } = parseArgs({
  options: {
    node: { type: 'string', multiple: true, default: [] },
    only: { type: 'string', default: '' },
    turns: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '5' },
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
function measure(program: string, name: string, codec: string): Figures {
  const output = execFileSync(program, [join(dir, 'measure.mjs'), name, codec, options.rounds], { encoding: 'utf8' })
  return JSON.parse(output) as Figures
}

/** JSON has no Map, Set or Date, and for a Buffer a list of numbers; plain MessagePack has no Map of this kind. */
const isEntered = (codec: string, name: string): boolean =>
  !((codec === 'JSON' && /Map|Buffer/.test(name)) || (codec === 'msgpackr, maps' && /Map/.test(name)))

const median = (figures: readonly number[]): number => figures.toSorted((a, b) => a - b)[figures.length >> 1]!
const both = ({ encode, decode }: Figures): number => median(encode.map((figure, n) => figure + decode[n]!))
const column = (figure: number): string => figure.toFixed(0).padStart(9)

for (const program of programs) {
  const version = execFileSync(program, ['--version'], { encoding: 'utf8' }).trim()
  console.log(`\nNode.js ${version}: ns to encode + to decode, bytes\n`)
  for (const name of Object.keys(values)) {
    if (!name.includes(options.only)) continue
    const codecs = ['structured', ...rivals].filter((codec) => isEntered(codec, name))
    const turns = Array.from({ length: Number(options.turns) }, () =>
      codecs.map((codec) => measure(program, name, codec)),
    )
    for (const [n, codec] of codecs.entries()) {
      const mine = turns.map((turn) => turn[n]!)
      const [encode, decode] = [
        median(mine.flatMap((each) => each.encode)),
        median(mine.flatMap((each) => each.decode)),
      ]
      const share = median(turns.map((turn) => both(turn[0]!) / both(turn[n]!)))
      console.log(
        `${name.padEnd(30)} ${codec.padEnd(14)} ${column(encode)} + ${column(decode)} = ${column(encode + decode)}` +
          ` ${String(mine[0]!.size).padStart(9)} B${n === 0 ? '' : `   structured takes ${share.toFixed(2)} of it`}`,
      )
    }
  }
}
