// A reader in another language, written from docs/structured.md alone, reads what carom writes: the document says enough.

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { types } from 'node:util'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { checkDescriptors } from './descriptors.ts'
import { interpreters } from './interpreters.ts'
import { pair } from './pairs.ts'

checkDescriptors(test)

const golden = JSON.parse(readFileSync(new URL('fixtures/structured.json', import.meta.url), 'utf8')) as Record<
  string,
  string
>
const READER = fileURLToPath(new URL('python/structured_reader.py', import.meta.url))
const text = (value: string): unknown => ['text', Array.from({ length: value.length }, (_, n) => value.charCodeAt(n))]
const hex = (bytes: ArrayBuffer): string => Buffer.from(bytes).toString('hex')
const number = (value: number): unknown => {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return ['number', bytes.toString('hex')]
}

/** A value as the reader describes it. */
function describe(value: unknown, met: Map<object, number> = new Map()): unknown {
  if (typeof value === 'string') return text(value)
  if (typeof value === 'number') return number(value)
  if (typeof value === 'boolean') return ['boolean', value]
  if (typeof value === 'bigint') return ['bigint', String(value)]
  if (typeof value !== 'object') return ['undefined']
  if (value === null) return ['null']
  const again = met.get(value)
  if (again !== undefined) return ['again', again]
  met.set(value, met.size)
  const inner = (part: unknown): unknown => describe(part, met)
  const fields = (from = 0): unknown[] =>
    Object.entries(value)
      .slice(from)
      .map(([name, part]) => [text(name), inner(part)])
  if (Array.isArray(value)) {
    const elements = Array.from(value, (part, n) => (n in value ? inner(part) : ['absent']))
    const beside = fields(elements.filter((_, n) => n in value).length)
    return ['array', elements, ...(beside.length > 0 ? [beside] : [])]
  }
  if (value instanceof Map) return ['Map', Array.from(value, ([key, part]) => [inner(key), inner(part)])]
  if (value instanceof Set) return ['Set', Array.from(value, inner)]
  if (value instanceof Date) return ['Date', number(value.getTime())]
  if (value instanceof RegExp) return ['RegExp', text(value.source), text(value.flags)]
  if (value instanceof ArrayBuffer) return ['ArrayBuffer', hex(value)]
  if (ArrayBuffer.isView(value)) {
    const { buffer, byteOffset, byteLength } = value
    return [value.constructor.name, hex(buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer)]
  }
  if (types.isBoxedPrimitive(value)) return ['boxed', inner(value.valueOf())]
  if (value instanceof URL) return ['URL', text(value.href)]
  if (value instanceof Error) {
    const own = ['message', 'stack', 'cause', 'errors', 'code']
      .filter((name) => Object.hasOwn(value, name) && !Object.keys(value).includes(name))
      .map((name) => [name, inner((value as unknown as Record<string, unknown>)[name])])
    return ['error', value.constructor.name, own, fields()]
  }
  return ['object', fields()]
}

test("a reader that is written from the document reads the golden messages, and others, as carom's own does", async (t) => {
  const [a, b] = pair(t)
  const shapes = Array.from({ length: 120 }, (_, n) => ({ [`key${n % 60}`]: n, both: [n, { n }] }))
  const others: unknown[] = [
    shapes,
    Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`name${n}`, n === 7 ? undefined : { n }])),
    Array.from({ length: 300 }, (_, n) => [n, -n, n * 1000, n / 3, `é${n}`, '漢'.repeat(n % 70)]),
    [new Map<unknown, unknown>([[{ key: 1 }, new Set([[], [[]]])]]), JSON.parse('{ "__proto__": 1 }')],
    [
      /(?<first>b)/.exec('abc'),
      Object.assign(
        Array.from({ length: 300 }, () => 0.5),
        { unit: 'm', ünit: [] },
      ),
    ],
    [1n, -(2n ** 63n), 2n ** 63n, 3n ** 500n, -(3n ** 500n)],
  ]
  const messages = others.map((value) => {
    a.sendSync(value)
    return b.recvBytesSync().toString('hex')
  })
  messages.push(...Object.values(golden))
  const expected = messages.map((message) => {
    a.sendBytesSync(Buffer.from(message, 'hex'))
    return describe(b.recvSync())
  })
  const python = (await interpreters()).at(-1)!
  const { stdout, stderr } = spawnSync(python.path, [READER], { input: messages.join('\n'), maxBuffer: 1 << 28 })
  t.is(stderr.toString(), '')
  const read = stdout.toString().trim().split('\n')
  t.is(read.length, messages.length)
  for (const [n, line] of read.entries()) t.deepEqual(JSON.parse(line), expected[n])
})
