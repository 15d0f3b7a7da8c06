// Fuzzes the pickle reader: pickles of Python's, changed at random. Whatever comes is a value or a `DecodeError`, soon,
// within a bounded memory, and leaves every prototype as it was. See CONTRIBUTING.md.
import { execFileSync } from 'node:child_process'
import { createHash, randomInt } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { build } from 'rolldown'

import { virtualEnvironment } from '../__test__/interpreters.ts'
import { BYTES_AT, COUNT_AT, type Found, LENGTH_AT, LONGEST, type Task } from './pickle-worker.ts'

/** An input that takes longer is a hang. Seconds. */
const LONGEST_TIME = 10
/** The memory that the process may take, whatever an input claims. Bytes; most is the runtime's own. */
const MOST_MEMORY = 1 << 30

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
  },
})
const seconds = Number(options.seconds)

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const folder = file('../node_modules/.cache/carom-fuzz/')
const python = `${folder}python.js`
await build({
  input: { python: file('../src/python.ts') },
  external: /^node:/,
  platform: 'neutral',
  resolve: { conditionNames: ['import', 'default'] },
  output: { dir: folder, format: 'esm' },
  logLevel: 'silent',
})

const interpreter = await virtualEnvironment()
const seeds = JSON.parse(execFileSync(interpreter.path, [file('pickle_seeds.py')], { encoding: 'utf8' })) as string[]

const shared = new SharedArrayBuffer(BYTES_AT + LONGEST)
const words = new Int32Array(shared, 0, BYTES_AT / 4)
const task: Task = { python, seeds, seconds, seed: Number(options.seed), shared }
console.log(`${seeds.length} pickles of Python ${interpreter.name}, ${seconds} s, --seed ${task.seed}`)

const worker = new Worker(file('pickle-worker.ts'), {
  workerData: task,
  execArgv: process.execArgv,
  // More than this, for inputs of a few KiB, is out of proportion.
  resourceLimits: { maxOldGenerationSizeMb: 256 },
})

let found = 0
function report({ what, bytes }: Found): void {
  const artifacts = file('artifacts/pickle/')
  const path = `${artifacts}${createHash('sha1').update(bytes).digest('hex')}`
  mkdirSync(artifacts, { recursive: true })
  writeFileSync(path, bytes)
  console.log(`found: ${what}\n  ${path}`)
  found++
}

/** The input that the worker is at, or was at when it died. */
function current(what: string): Found {
  return { what, bytes: Buffer.from(Buffer.from(shared, BYTES_AT, words[LENGTH_AT])) }
}

let last = -1
const watch = setInterval(() => {
  const { rss } = process.memoryUsage()
  const count = Atomics.load(words, COUNT_AT)
  if (count > 0 && count === last) report(current(`it takes longer than ${LONGEST_TIME} s`))
  else if (rss > MOST_MEMORY) report(current(`the process has ${rss} bytes`))
  else return void (last = count)
  clearInterval(watch)
  void worker.terminate()
}, LONGEST_TIME * 1000)

worker.on('message', (message: Found | string) => {
  if (typeof message === 'string') console.log(message)
  else report(message)
})
worker.on('error', (error) => report(current(`the reader ended with ${error.message}`)))
await new Promise<void>((resolve) => worker.once('exit', () => resolve()))
clearInterval(watch)
console.log(`${found} found`)
process.exitCode = found > 0 ? 1 : 0
