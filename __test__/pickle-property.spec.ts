// Any value: Python has it as JavaScript says, and sends it back as it was.

import test from 'ava'
import * as fc from 'fast-check'
import {
  PythonComplex,
  PythonDateTime,
  PythonFloat,
  PythonFraction,
  PythonRange,
  PythonSlice,
  PythonTime,
  PythonTimeDelta,
  PythonTuple,
} from 'carom/python'
import { checkDescriptors } from './descriptors.ts'
import { interpreters } from './interpreters.ts'
import { picklePeers, PROTOCOLS } from './pickle-peers.ts'

const peers = picklePeers(test, interpreters)
checkDescriptors(test)

/** A value, and the Python expression for it. */
interface Said {
  value: unknown
  python: string
}

const say =
  <T>(python: (value: T) => string) =>
  (value: T): Said => ({ value, python: python(value) })

const quoted = (text: string): string => {
  const escaped = [...text].map((character) => `\\U${character.codePointAt(0)!.toString(16).padStart(8, '0')}`)
  return `'${escaped.join('')}'`
}

const float = (value: number): string => {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return String(value)
  return Object.is(value, -0) ? '-0.0' : `float('${value}')`
}

const bytes = (value: Buffer): string => `bytes.fromhex('${value.toString('hex')}')`

const moment = (value: Date): string =>
  `datetime.datetime(1970, 1, 1, tzinfo=utc) + datetime.timedelta(milliseconds=${value.getTime()})`

const large = fc.oneof(fc.bigInt({ min: 2n ** 53n }), fc.bigInt({ max: -(2n ** 53n) }))
const texts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string(),
  fc.constantFrom('__proto__', '\ud800', 'x'.repeat(300)),
)
const dates = fc.date({
  min: new Date('0001-01-01T00:00:00Z'),
  max: new Date('9999-12-31T23:59:59.999Z'),
  noInvalidDate: true,
})

const texts1 = texts.map(say(quoted))
const hashable: fc.Arbitrary<Said> = fc.oneof(
  texts1,
  fc.maxSafeInteger().map(say(String)),
  large.map(say(String)),
  fc.constant({ value: null, python: 'None' }),
)

const repr = (value: number): string => (Object.is(value, -0) ? '-0.0' : `float('${value}')`)
const nat = (most: number): fc.Arbitrary<number> => fc.nat(most)
const two = (n: number): string => String(n).padStart(2, '0')

/** Python values without an equal in JavaScript: they are written, and come back as something else. */
const ofPython: fc.Arbitrary<Said> = fc.oneof(
  fc.double().map((n) => ({ value: new PythonFloat(n), python: repr(n) })),
  fc.tuple(fc.double(), fc.double()).map(([real, imag]) => ({
    value: new PythonComplex(real, imag),
    python: `complex(${repr(real)}, ${repr(imag)})`,
  })),
  fc.tuple(fc.bigInt(), fc.bigInt({ min: 1n })).map(([above, below]) => ({
    value: new PythonFraction(above, below),
    python: `fractions.Fraction(${above}, ${below})`,
  })),
  fc.tuple(fc.bigInt(), fc.maxSafeInteger(), fc.bigInt({ min: 1n })).map((parts) => ({
    value: new PythonRange(...parts),
    python: `range(${parts.join(', ')})`,
  })),
  fc.tuple(fc.integer({ min: -9e8, max: 9e8 }), fc.integer(), fc.integer()).map((parts) => ({
    value: new PythonTimeDelta(...parts),
    python: `datetime.timedelta(${parts.join(', ')})`,
  })),
  fc
    .tuple(nat(9998), nat(11), nat(27), nat(23), nat(59), nat(59), nat(999_999))
    .map(([year, month, day, hour, minute, second, microsecond]) => ({
      value: new PythonDateTime(
        `${String(year + 1).padStart(4, '0')}-${two(month + 1)}-${two(day + 1)}T${two(hour)}:${two(minute)}:${two(second)}.${String(microsecond).padStart(6, '0')}`,
      ),
      python: `datetime.datetime(${[year + 1, month + 1, day + 1, hour, minute, second, microsecond].join(', ')})`,
    })),
  fc.tuple(nat(23), nat(59), fc.integer({ min: -1439, max: 1439 })).map(([hour, minute, offset]) => ({
    value: new PythonTime(
      `${two(hour)}:${two(minute)}${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`,
    ),
    python: `datetime.time(${hour}, ${minute}, tzinfo=datetime.timezone(datetime.timedelta(minutes=${offset})))`,
  })),
)

/** Said things whose values differ. */
const distinct = <T extends { python: string }>(said: T[]): T[] => [
  ...new Map(said.map((each) => [each.python, each])).values(),
]

const { value: values } = fc.letrec<{ value: Said }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(
      hashable,
      fc.boolean().map(say((value) => (value ? 'True' : 'False'))),
      fc.double().map(say(float)),
      fc.uint8Array({ maxLength: 300 }).map((value) => say(bytes)(Buffer.from(value))),
      dates.map(say(moment)),
    ),
    fc.array(tie('value'), { maxLength: 8 }).map((items) => ({
      value: items.map(({ value }) => value),
      python: `[${items.map(({ python }) => python).join(', ')}]`,
    })),
    fc.array(fc.record({ key: texts1, item: tie('value') }), { maxLength: 8 }).map((pairs) => object(pairs)),
    fc.array(fc.record({ key: hashable, item: tie('value') }), { maxLength: 8 }).map((pairs) => map(pairs)),
    fc.array(hashable, { maxLength: 8 }).map((members) => ({
      value: new Set(distinct(members).map(({ value }) => value)),
      python: `set([${members.map(({ python }) => python).join(', ')}])`,
    })),
  ),
}))

interface Pair {
  key: Said
  item: Said
}

function object(pairs: Pair[]): Said {
  const value: Record<string, unknown> = {}
  for (const { key, item } of pairs) {
    Object.defineProperty(value, key.value as string, {
      value: item.value,
      enumerable: true,
      writable: true,
      configurable: true,
    })
  }
  const last = new Map(pairs.map(({ key, item }) => [key.value, `${key.python}: ${item.python}`]))
  return {
    value,
    python: `{${Object.keys(value)
      .map((key) => last.get(key))
      .join(', ')}}`,
  }
}

/** With a key that is no string, so that it comes back as a `Map`. */
function map(pairs: Pair[]): Said {
  const all = [{ key: { value: 0, python: '0' }, item: { value: null, python: 'None' } }, ...pairs]
  const last = new Map(all.map(({ key, item }) => [key.value, `${key.python}: ${item.python}`]))
  return {
    value: new Map(all.map(({ key, item }) => [key.value, item.value])),
    python: `{${[...last.values()].join(', ')}}`,
  }
}

/** Whether two values are the same, to the bits of their numbers; of a `Set`, in any order, which Python does not keep. */
function same(a: unknown, b: unknown): boolean {
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, n) => same(item, b[n]))
  if (a instanceof Buffer) return b instanceof Buffer && a.equals(b)
  if (a instanceof Date) return b instanceof Date && a.getTime() === b.getTime()
  if (a instanceof Set) return b instanceof Set && a.size === b.size && [...a].every((item) => b.has(item))
  if (a instanceof Map) return b instanceof Map && same([...a], [...b])
  if (typeof a !== 'object' || a === null) return Object.is(a, b)
  return typeof b === 'object' && b !== null && same(Object.entries(a), Object.entries(b))
}

test('any value arrives in Python as JavaScript describes it', async (t) => {
  for (const peer of peers()) {
    await fc.assert(
      fc.asyncProperty(
        values,
        async ({ value, python }) => (await peer.check(value, `same(value, ${python})`)) === true,
      ),
      { numRuns: 200 },
    )
  }
  t.pass()
})

const { value: written } = fc.letrec<{ value: Said }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    ofPython,
    fc.array(tie('value'), { maxLength: 6 }).map((items) => ({
      value: PythonTuple.from(items.map(({ value }) => value)),
      python: `(${items.map(({ python }) => `${python}, `).join('')})`,
    })),
    fc.array(tie('value'), { maxLength: 6 }).map((items) => ({
      value: items.map(({ value }) => value),
      python: `[${items.map(({ python }) => python).join(', ')}]`,
    })),
    fc.array(fc.record({ key: ofPython, item: tie('value') }), { maxLength: 1 }).map((pairs) => ({
      value: new Map(pairs.map(({ key, item }) => [key.value, item.value])),
      python: `{${pairs.map(({ key, item }) => `${key.python}: ${item.python}`).join(', ')}}`,
    })),
    fc.tuple(tie('value'), tie('value'), hashable).map(([start, stop, step]) => ({
      value: new PythonSlice(start.value, stop.value, step.value),
      python: `slice(${start.python}, ${stop.python}, ${step.python})`,
    })),
    values,
  ),
}))

test('any value that JavaScript has no equal of arrives in Python as it says', async (t) => {
  for (const peer of peers()) {
    await fc.assert(
      fc.asyncProperty(
        written,
        async ({ value, python }) => (await peer.check(value, `same(value, ${python})`)) === true,
      ),
      { numRuns: 200 },
    )
  }
  t.pass()
})

test('any value comes back from Python as it was, in every protocol', async (t) => {
  for (const peer of peers()) {
    await fc.assert(
      fc.asyncProperty(values, fc.constantFrom(...PROTOCOLS), async ({ value }, protocol) =>
        same(value, await peer.echo(value, protocol)),
      ),
      { numRuns: 300 },
    )
  }
  t.pass()
})
