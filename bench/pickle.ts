// Measures how long the pickle codec takes for a value, beside the other codecs and Python's own pickle. See docs/pickle.md.
import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'rolldown'

import { interpreters } from '../__test__/interpreters.ts'
import type * as Codecs from '../src/codecs/codec.ts'
import { Memory } from '../src/connection/memory.ts'
import { median } from './stats.ts'

const ROUNDS = 9
/** Of each round, for each figure. */
const MILLISECONDS = 40

const values: Record<string, unknown> = {
  'small object': {
    id: 12_345,
    name: 'a small object',
    tags: ['red', 'green', 'blue'],
    nested: { x: 1.5, y: -2, ok: true },
  },
  '1000 numbers': Array.from({ length: 1000 }, (_, n) => (n % 2 ? n * 3 : n * 1.37)),
  '1000 dicts': Array.from({ length: 1000 }, (_, n) => ({ id: n, name: `name ${n}`, value: n / 7, ok: n % 2 === 0 })),
  '64 KiB of bytes': Buffer.alloc(65_536, 7),
}

/** Times itself: reads pickles, and prints the time that it takes to read and to write each. */
const PYTHON = `
import json, pickle, sys, time
def measure(call):
    count, took = 1, 0
    while took < ${MILLISECONDS}e6:
        count *= 2
        start = time.perf_counter_ns()
        for _ in range(count): call()
        took = time.perf_counter_ns() - start
    return took / count
figures = []
for text in json.load(sys.stdin):
    data = bytes.fromhex(text)
    value = pickle.loads(data)
    own = pickle.dumps(value)
    figures.append({"encode": measure(lambda: pickle.dumps(value)), "decode": measure(lambda: pickle.loads(own)), "message": own.hex()})
print(json.dumps(figures))
`

interface Figures {
  encode: number
  decode: number
}

/** The codecs as users have them: bundled, and so with their constants in place. */
async function bundled(): Promise<typeof Codecs> {
  const file = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))
  const dir = file('node_modules/.cache/carom-bench')
  await build({
    input: { codec: file('src/codecs/codec.ts') },
    external: /^node:/,
    platform: 'neutral',
    resolve: { conditionNames: ['import', 'default'] },
    output: { dir, format: 'esm' },
    logLevel: 'silent',
  })
  return (await import(join(dir, 'codec.js'))) as typeof Codecs
}

function measure(call: () => void): number {
  for (let count = 1; ; count *= 2) {
    const start = process.hrtime.bigint()
    for (let n = 0; n < count; n++) call()
    const took = Number(process.hrtime.bigint() - start)
    if (took >= MILLISECONDS * 1e6) return took / count
  }
}

const { coderOf } = await bundled()
const python = (await interpreters()).at(-1)!

function message(codec: string, value: unknown): Buffer {
  const { bytes, start, end } = coderOf(codec).encode(value)
  return Buffer.from(bytes.subarray(start, end))
}

function measurePython(): (Figures & { message: string })[] {
  const input = JSON.stringify(Object.values(values).map((value) => message('pickle', value).toString('hex')))
  return JSON.parse(execFileSync(python.path, ['-c', PYTHON], { input, encoding: 'utf8' })) as never
}

const figures = new Map<string, Figures[]>()
function note(name: string, figure: Figures): void {
  figures.set(name, [...(figures.get(name) ?? []), figure])
}

for (let round = 0; round < ROUNDS; round++) {
  const inPython = measurePython()
  for (const [n, [name, value]] of Object.entries(values).entries()) {
    const { encode, decode, message: hex } = inPython[n]!
    note(`${name} | Python's pickle`, { encode, decode })
    for (const codec of ['pickle', 'structured', 'json']) {
      if (codec === 'json' && value instanceof Uint8Array) continue
      const coder = coderOf(codec)
      // The bytes to read are those that Python writes.
      const bytes = codec === 'pickle' ? Buffer.from(hex, 'hex') : message(codec, value)
      const memory = new Memory(bytes)
      note(`${name} | carom ${codec}`, {
        encode: measure(() => coder.encode(value)),
        decode: measure(() => coder.decode(memory, 0, bytes.length)),
      })
    }
  }
}

const [processor] = cpus()
console.log(`${availableParallelism()} × ${processor?.model}, load ${loadavg()[0]?.toFixed(2)}`)
console.log(`Node.js ${process.version}, Python ${python.name}; medians of ${ROUNDS} rounds\n`)
console.log('| value | codec | encode, ns | decode, ns |\n| --- | --- | ---: | ---: |')
for (const [name, rounds] of figures) {
  const [encode, decode] = (['encode', 'decode'] as const).map((way) => median(rounds.map((round) => round[way])))
  console.log(`| ${name} | ${encode!.toFixed(0)} | ${decode!.toFixed(0)} |`)
}
