// The part of `pickle.ts` that may hang, or run out of memory.
import { parentPort, workerData } from 'node:worker_threads'

import type * as Python from '../src/python.ts'
import { type Format, generator, mutated, type Random } from './mutation.ts'
import { differences, snapshot } from './prototypes.ts'

export interface Task {
  /** The bundled entry `carom/python`. */
  python: string
  /** Pickles in hex. */
  seeds: readonly string[]
  seconds: number
  seed: number
  /** Two words, how many inputs were begun and how long the last is, then the last. */
  shared: SharedArrayBuffer
}

export interface Found {
  what: string
  bytes: Uint8Array
}

export const COUNT_AT = 0
export const LENGTH_AT = 1
export const BYTES_AT = 8
/** The longest input, in bytes. */
export const LONGEST = 8192

/** Beyond this, on a machine that may be busy, something grows faster than the input. Milliseconds. */
const SLOW = 500
/** Inputs between two looks at the prototypes. */
const BATCH = 500
/** Inputs whose outcome was new are changed further. */
const CORPUS = 4000

const OPCODES = Buffer.from('(.012IJKLMNPQRSTUVXabcdeghijloqrstup}]GFBC)', 'latin1')
const LENGTHS = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff]
const NAMES = [
  ['builtins', 'ValueError'],
  ['builtins', 'bytearray'],
  ['builtins', 'set'],
  ['builtins', 'eval'],
  ['collections', 'OrderedDict'],
  ['_codecs', 'encode'],
  ['datetime', 'datetime'],
  ['datetime', 'timedelta'],
  ['datetime', 'timezone'],
  ['decimal', 'Decimal'],
  ['uuid', 'UUID'],
  ['pathlib', 'PureWindowsPath'],
  ['array', 'array'],
  ['array', '_array_reconstructor'],
  ['numpy', 'dtype'],
  ['numpy', 'ndarray'],
  ['numpy._core.multiarray', '_reconstruct'],
  ['numpy._core.multiarray', 'scalar'],
  ['numpy._core.numeric', '_frombuffer'],
  ['numpy', 'float64'],
  ['builtins', 'getattr'],
  ['builtins', 'list'],
  ['builtins', 'complex'],
  ['builtins', 'range'],
  ['builtins', 'slice'],
  ['builtins', 'OSError'],
  ['builtins', 'SyntaxError'],
  ['builtins', 'UnicodeDecodeError'],
  ['builtins', 'ExceptionGroup'],
  ['collections', 'Counter'],
  ['collections', 'defaultdict'],
  ['collections', 'deque'],
  ['copyreg', '_reconstructor'],
  ['copyreg', '__newobj__'],
  ['copyreg', '__newobj_ex__'],
  ['datetime', 'time'],
  ['fractions', 'Fraction'],
  ['ipaddress', 'IPv6Address'],
  ['re', '_compile'],
  ['zoneinfo', 'ZoneInfo._unpickle'],
  ['pytz', '_p'],
  ['dateutil.tz.tz', 'tzfile'],
  ['dateutil.tz._tzfile', '_unpickle'],
  ['multiprocessing.pool', 'rebuild_exc'],
  ['__main__', 'Record'],
  ['__main__', 'Oops'],
  ['mine', 'MyError'],
  ['__proto__', 'constructor'],
] as const

// Most inputs end in an error, whose stack is never read.
Error.stackTraceLimit = 0

async function fuzz({ python, seeds, seconds, seed, shared }: Task): Promise<void> {
  const codecs = codecsOf((await import(python)) as typeof Python)
  const random = generator(seed)
  const pickles = format(random)
  // A frame's length is the first thing that a change makes wrong: half of the corpus has none.
  const corpus: Buffer[] = seeds
    .flatMap((hex) => [hex, hex.replace(/^(80..)95.{16}/, '$1')])
    .map((hex) => Buffer.from(hex, 'hex'))
    .filter(({ length }) => length <= LONGEST)
  const originals = corpus.length
  const outcomes = new Set<string>()
  const words = new Int32Array(shared, 0, BYTES_AT / 4)
  const current = Buffer.from(shared, BYTES_AT)
  const before = snapshot()

  let count = 0
  let values = 0
  let slowest = 0
  const until = performance.now() + seconds * 1000
  while (performance.now() < until) {
    const batch: Buffer[] = []
    for (let n = 0; n < BATCH; n++) {
      const bytes = mutated(corpus, random, pickles)
      batch.push(bytes)
      words[LENGTH_AT] = bytes.length
      current.set(bytes)
      Atomics.store(words, COUNT_AT, ++count)

      const codec = codecs[random(codecs.length)]!
      const read = (): Outcome => run(() => codec.decode(bytes))
      const started = performance.now()
      const outcome = read()
      let took = performance.now() - started
      // Other work, or the garbage of what came before, makes any input slow once.
      for (let again = 0; took > SLOW && again < 3; again++) took = Math.min(took, timed(read))
      slowest = Math.max(slowest, took)
      if (took > SLOW) find(`it took ${took.toFixed(0)} ms`, bytes)
      if (outcome.fault !== undefined) find(outcome.fault, bytes)
      if (outcome.value) values++
      if (outcomes.has(outcome.kind)) continue
      outcomes.add(outcome.kind)
      if (corpus.length < CORPUS) corpus.push(bytes)
      else corpus[originals + random(CORPUS - originals)] = bytes
    }
    const altered = differences(before)
    if (altered.length > 0) {
      find(`one of the last ${BATCH} altered ${altered.join(', ')}`, Buffer.concat(batch))
      break
    }
  }
  tell(
    `${count} inputs, ${values} of them values, ${outcomes.size} kinds of outcome, the slowest took ${slowest.toFixed(1)} ms`,
  )
}

/** The codec as it is by default, and with options, whose functions throw, read pickles themselves, and return all they get. */
function codecsOf({ pickle }: typeof Python): Python.PickleCodec[] {
  const inner = pickle({ unknown: 'object' })
  const bytes = inner.encode([1, { a: 'b' }])
  return [
    pickle(),
    pickle({ tuples: true, naive: true, unknown: 'object', exceptions: ['__main__.Oops', 'builtins.set'] }),
    pickle({
      unknown: 'object',
      classes: {
        '__main__.Record': (args, state, object) => [args, state, object, object.items],
        '__main__.Oops': ([first]) => first,
        'builtins.ValueError': () => inner.decode(bytes),
        'decimal.Decimal': () => {
          throw new RangeError('thrown by the program')
        },
        'uuid.UUID': (_args, state) => state,
        'datetime.timezone': () => undefined,
      },
    }),
  ]
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
const tell = (message: Found | string): void => parentPort?.postMessage(message)

function find(what: string, bytes: Uint8Array): void {
  tell({ what, bytes })
}

function timed(call: () => unknown): number {
  const started = performance.now()
  call()
  return performance.now() - started
}

interface Outcome {
  value: boolean
  /** Inputs of one kind took, as far as can be seen, the same way. */
  kind: string
  fault?: string
}

function run(read: () => unknown): Outcome {
  try {
    const value = read()
    const { shape, fault } = inspect(value)
    return { value: true, kind: shape, ...(fault !== undefined && { fault }) }
  } catch (error) {
    const { code, cause } = error as { code?: string; cause?: unknown }
    // Without the texts that the input chose: each new name would count as a new kind.
    const kind = String(cause)
      .replaceAll(/'.*'|".*"|asks for .*,|\S+\.\S*|0x..|\d+/gs, '#')
      .slice(0, 100)
    if (code !== 'ERR_CAROM_DECODE') return { value: false, kind, fault: `it throws ${String(error)}` }
    // The reader refuses a pickle with an `Error`; a `TypeError` from the engine is a mistake of the reader.
    const slip = /Cannot read|is not a function|is not iterable|undefined/.test(String(cause))
    return { value: false, kind, ...(slip && { fault: `it fails with ${String(cause)}` }) }
  }
}

/** The parts of a value, up to a thousand, and any prototype among them that no value should have. */
function inspect(root: unknown): { shape: string; fault?: string } {
  const kinds = new Set<string>()
  const met = new Set<unknown>()
  const todo = [root]
  while (todo.length > 0 && met.size < 1000) {
    const value = todo.pop()
    if (typeof value === 'function' || typeof value === 'symbol')
      return { shape: '', fault: `it has a ${typeof value}` }
    if (typeof value !== 'object' || value === null) {
      kinds.add(typeof value)
      continue
    }
    if (met.has(value)) continue
    met.add(value)
    const prototype = Object.getPrototypeOf(value) as object | null
    const constructor: unknown = prototype && Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
    if (typeof constructor !== 'function') return { shape: '', fault: 'an object has a strange prototype' }
    kinds.add(constructor.name)
    if (ArrayBuffer.isView(value)) continue
    if (value instanceof Map) todo.push(...[...value].slice(0, 50).flat())
    else if (value instanceof Set) todo.push(...[...value].slice(0, 50))
    else if (Array.isArray(value)) todo.push(...(value.slice(0, 50) as unknown[]))
    else for (const key of Object.keys(value).slice(0, 50)) todo.push((value as Record<string, unknown>)[key])
  }
  return { shape: [...kinds].toSorted().join(' ') }
}

const format = (random: Random): Format => ({
  longest: LONGEST,
  token: () => opcode(random),
  changes: [
    (bytes, at, corpus) => {
      const other = corpus[random(corpus.length)]!
      return Buffer.concat([bytes.subarray(0, at), other.subarray(random(other.length + 1))])
    },
    (bytes, at) => {
      if (at + 4 <= bytes.length) bytes.writeUInt32LE(LENGTHS[random(LENGTHS.length)]!, at)
      return bytes
    },
    (bytes, at) => Buffer.concat([bytes.subarray(0, at), snippet(random), bytes.subarray(at)]),
  ],
})

function opcode(random: Random): number {
  return random(3) === 0 ? 0x80 + random(0x19) : OPCODES[random(OPCODES.length)]!
}

/** Some opcodes that make sense together. */
function snippet(random: Random): Buffer {
  const text = (value: string): Buffer => Buffer.from([0x8c, value.length, ...Buffer.from(value)])
  const [module, name] = NAMES[random(NAMES.length)]!
  switch (random(6)) {
    case 0:
      return Buffer.concat([text(module), text(name), Buffer.of(0x93)])
    case 1:
      return Buffer.concat([Buffer.from(`c${module}\n${name}\n`)])
    case 2:
      return Buffer.from([0x85 + random(3), 0x52])
    case 3:
      return Buffer.from([0x68, random(24)])
    case 4:
      return Buffer.concat([text('__proto__'), Buffer.from('}s')])
    default:
      return Buffer.from([0x71, random(24), 0x68, random(24)])
  }
}

if (parentPort) await fuzz(workerData as Task)
