// Fuzzes the reader of the codec 'structured': messages of its own writer, changed at random. Each is read by the codec, whose
// shapes and tables remember what came before, and by a plain reader: both give the same value, or both refuse. See CONTRIBUTING.md.
import { createHash, randomInt } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual, parseArgs } from 'node:util'

import { Memory } from '../src/connection/memory.ts'
import { StructuredCoder } from '../src/codecs/structured/coder.ts'
import { type Format, generator, mutated } from './mutation.ts'
import { differences, snapshot } from './prototypes.ts'
import { readByReference } from './structured-reference.ts'

const { values: options } = parseArgs({
  options: {
    messages: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
  },
})

/** Beyond this, on a machine that may be busy, something grows faster than the input. Milliseconds. */
const SLOW = 1000
/** Inputs whose outcome was new are changed further. */
const CORPUS = 4000
const LONGEST = 4096

const KINDS = Array.from({ length: 0x2a }, (_, n) => 0xc0 + n)

const random = generator(Number(options.seed))

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const golden = JSON.parse(readFileSync(file('../__test__/fixtures/structured.json'), 'utf8')) as Record<string, string>
const corpus: Buffer[] = Object.values(golden).map((hex) => Buffer.from(hex, 'hex'))
const originals = corpus.length

const FORMAT: Format = {
  longest: LONGEST,
  token: () => KINDS[random(KINDS.length)]!,
  changes: [
    // Two values in an array: shapes and objects of the one in the other.
    (bytes) => {
      const other = corpus[random(corpus.length)]!
      return Buffer.concat([
        Buffer.of(0xc1, 0xe7, 0xb2),
        bytes.subarray(bytes[1] === 0xe7 ? 2 : 1),
        other.subarray(other[1] === 0xe7 ? 2 : 1),
      ])
    },
  ],
}

interface Outcome {
  value?: unknown
  error?: unknown
}

function outcome(read: () => unknown): Outcome {
  try {
    return { value: read() }
  } catch (error) {
    return { error }
  }
}

/** The kind of an outcome, as far as it can be seen: outcomes of one kind took the same path. */
function kindOf({ value, error }: Outcome): string {
  if (error !== undefined)
    return String(error)
      .replaceAll(/\d+|0x\w+|\/.*\//g, '#')
      .slice(0, 100)
  const kinds = new Set<string>()
  const todo = [value]
  for (let n = 0; todo.length > 0 && n < 300; n++) {
    const next = todo.pop()
    kinds.add(Object.prototype.toString.call(next))
    if (typeof next !== 'object' || next === null || ArrayBuffer.isView(next)) continue
    if (next instanceof Map) todo.push(...[...next].slice(0, 20).flat())
    else if (next instanceof Set) todo.push(...[...next].slice(0, 20))
    else for (const name of Object.keys(next).slice(0, 20)) todo.push((next as Record<string, unknown>)[name])
  }
  return [...kinds].toSorted().join(' ')
}

let found = 0
function find(what: string, bytes: Uint8Array): void {
  const artifacts = file('artifacts/structured/')
  mkdirSync(artifacts, { recursive: true })
  const path = `${artifacts}${createHash('sha1').update(bytes).digest('hex')}`
  writeFileSync(path, bytes)
  console.log(`found: ${what}\n  ${path}`)
  found++
}

// Most inputs end in an error, whose stack is never read.
Error.stackTraceLimit = 0

const total = Number(options.messages)
console.log(`${total} messages, --seed ${options.seed}`)
const coder = new StructuredCoder()
const before = snapshot()
const seen = new Set<string>()
const SECRET = Buffer.alloc(64, 'SECRET')
let read = 0
let slowest = 0
for (let n = 0; n < total && found < 20; n++) {
  const bytes = mutated(corpus, random, FORMAT)
  // In the middle of other memory, as where several messages came at once.
  const around = Buffer.concat([SECRET, bytes, SECRET])
  const started = performance.now()
  const own = outcome(() => coder.decode(new Memory(around), SECRET.length, SECRET.length + bytes.length))
  const took = performance.now() - started
  slowest = Math.max(slowest, took)
  if (took > SLOW) find(`it took ${took.toFixed(0)} ms`, bytes)
  const plain = outcome(() => readByReference(bytes))
  if ('value' in own) read++
  if ('value' in own !== 'value' in plain) find(`the codec: ${kindOf(own)}; the plain reader: ${kindOf(plain)}`, bytes)
  else if ('value' in own && !isDeepStrictEqual(own.value, plain.value) && !hasInvalidDate(own.value))
    find('the values differ', bytes)
  if (own.error instanceof TypeError && /undefined|not a function|not iterable/.test(own.error.message))
    find(String(own.error), bytes)
  const kind = kindOf(own)
  if (!seen.has(kind)) {
    seen.add(kind)
    // A mutation of a message that is no value is, as a rule, none either.
    if ('value' in own) {
      if (corpus.length < CORPUS) corpus.push(bytes)
      else corpus[originals + random(CORPUS - originals)] = bytes
    }
  }
  if (n % 1000 === 0) {
    const altered = differences(before)
    if (altered.length > 0) find(`one of the last 1000 altered ${altered.join(', ')}`, bytes)
  }
}
console.log(
  `${read} were values, ${seen.size} kinds of outcome, the slowest took ${slowest.toFixed(1)} ms; ${found} found`,
)
process.exitCode = found > 0 ? 1 : 0

/** Before Node.js 22, an invalid `Date` is not equal to another one. */
function hasInvalidDate(root: unknown): boolean {
  const met = new Set<unknown>()
  const todo = [root]
  while (todo.length > 0) {
    const next = todo.pop()
    if (typeof next !== 'object' || next === null || met.has(next)) continue
    met.add(next)
    if (next instanceof Date && Number.isNaN(next.getTime())) return true
    if (next instanceof Map) todo.push(...[...next].flat())
    else if (next instanceof Set) todo.push(...next)
    else if (!ArrayBuffer.isView(next))
      for (const name of Reflect.ownKeys(next)) todo.push((next as Record<string | symbol, unknown>)[name])
  }
  return false
}
