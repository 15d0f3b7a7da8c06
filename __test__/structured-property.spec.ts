import { isDeepStrictEqual } from 'node:util'
import vm from 'node:vm'
import test, { type ExecutionContext } from 'ava'
import * as fc from 'fast-check'
import { checkDescriptors } from './descriptors.ts'
import { pair } from './pairs.ts'

checkDescriptors(test)

const RUNS = Number(process.env['CAROM_PROPERTY_RUNS'] ?? 400)

const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary', maxLength: 100 }),
  // Units one by one, so with lone surrogates.
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 80 }).map((units) => String.fromCharCode(...units)),
  fc.constantFrom('__proto__', 'constructor', 'toString', '', '0', '-1', '01', '4294967295', 'a'),
)

const number = fc.oneof(
  fc.integer({ min: -300, max: 300 }),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.constantFrom(-0, NaN, Infinity, -Infinity),
)

const bigint = fc.oneof(
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  fc.bigInt({ min: -(2n ** 600n), max: 2n ** 600n }),
)

const primitive = fc.oneof(text, number, bigint, fc.boolean(), fc.constantFrom(null, undefined))

const KINDS = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  ...('Float16Array' in globalThis
    ? [(globalThis as unknown as { Float16Array: typeof Float32Array }).Float16Array]
    : []),
]

/** A typed array that shows all of its memory: of others `structuredClone` keeps more than the view, carom doesn't. */
const typed = fc
  .tuple(fc.constantFrom(...KINDS), fc.uint8Array({ maxLength: 8 }))
  .map(
    ([Kind, bytes]) =>
      new Kind(
        Uint8Array.from({ length: bytes.length * Kind.BYTES_PER_ELEMENT }, (_, n) => bytes[n % bytes.length]! & 0x3f)
          .buffer,
      ),
  )

const leaf = fc.oneof(
  { weight: 8, arbitrary: primitive },
  { weight: 1, arbitrary: typed },
  { weight: 1, arbitrary: fc.uint8Array().map((bytes) => bytes.buffer) },
  { weight: 1, arbitrary: fc.uint8Array().map((bytes) => new DataView(bytes.buffer)) },
  { weight: 1, arbitrary: fc.date({ noInvalidDate: true }) },
  { weight: 1, arbitrary: fc.constantFrom(/a/, /[/\]]\u{61}/u, /(?<name>x)\k<name>/gimsuy, new RegExp('')) },
  { weight: 1, arbitrary: fc.oneof(number, text, fc.boolean(), bigint).map((value) => Object(value) as object) },
)

const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('tree'), { maxLength: 6 }),
    fc.array(number, { maxLength: 40 }),
    // Few names, so that shapes come again; with and without a prototype.
    fc.dictionary(fc.constantFrom('a', 'b', 'c', '1', '__proto__'), tie('tree'), {
      maxKeys: 4,
      noNullPrototype: false,
    }),
    fc.dictionary(text, tie('tree'), { maxKeys: 5 }),
    fc.array(fc.tuple(tie('tree'), tie('tree')), { maxLength: 4 }).map((entries) => new Map(entries)),
    fc.array(tie('tree'), { maxLength: 4 }).map((members) => new Set(members)),
    fc.array(fc.option(tie('tree')), { maxLength: 6 }).map((list) => {
      const sparse: unknown[] = []
      for (const [n, value] of list.entries()) if (value !== null) sparse[n * (n === 5 ? 100_000 : 1)] = value
      return sparse
    }),
    fc
      .tuple(fc.array(tie('tree'), { maxLength: 4 }), fc.nat(100), fc.dictionary(text, tie('tree'), { maxKeys: 3 }))
      .map(([list, more, names]) => {
        const array = [...list, ...Array.from({ length: more }, (_, n) => n)]
        for (const [name, value] of Object.entries(names)) {
          Object.defineProperty(array, name === 'length' || name === '4294967294' ? 'name' : name, {
            value,
            enumerable: true,
            writable: true,
            configurable: true,
          })
        }
        return array
      }),
    fc.tuple(tie('tree'), tie('tree')).map(([shared, other]) => [shared, { other, again: shared }, shared]),
  ),
}))

function assertCloned(t: ExecutionContext, runs: number, arbitrary: fc.Arbitrary<unknown>): void {
  const [a, b] = pair(t)
  fc.assert(
    fc.property(arbitrary, (value) => {
      a.sendSync(value)
      const received = b.recvSync()
      const expected = structuredClone(value)
      return isDeepStrictEqual(received, expected) && sameIdentities(received, expected)
    }),
    { numRuns: runs },
  )
  t.pass()
}

/** Whether two values that are equal part by part refer to themselves in the same places. */
function sameIdentities(one: unknown, other: unknown): boolean {
  const met = new Map<object, object>()
  const todo: [unknown, unknown][] = [[one, other]]
  for (let next = todo.pop(); next; next = todo.pop()) {
    const [x, y] = next
    if (typeof x !== 'object' || x === null || typeof y !== 'object' || y === null) continue
    const before = met.get(x)
    if (before !== undefined) {
      if (before !== y) return false
      continue
    }
    met.set(x, y)
    const [partsOfX, partsOfY] = [partsOf(x), partsOf(y)]
    for (const [n, part] of partsOfX.entries()) todo.push([part, partsOfY[n]])
  }
  return new Set(met.values()).size === met.size
}

function partsOf(value: object): unknown[] {
  if (value instanceof Map) return [...value].flat()
  if (value instanceof Set) return [...value]
  return ArrayBuffer.isView(value) ? [] : Object.values(value)
}

test('every value that structuredClone takes arrives as its clone, with all that it shares', (t) => {
  assertCloned(t, RUNS, tree)
})

test('values with cycles arrive as their clones', (t) => {
  const cyclic = fc
    .tuple(fc.array(tree, { minLength: 1, maxLength: 5 }), fc.array(fc.nat(), { minLength: 2, maxLength: 6 }))
    .map(([trees, links]) => {
      const nodes: Record<string, unknown>[] = trees.map((value, n) => ({ n, value }))
      for (const [n, link] of links.entries()) {
        const from = nodes[n % nodes.length]!
        const to = nodes[link % nodes.length]!
        from[`link${n}`] = n % 3 === 0 ? new Map([[to, from]]) : n % 3 === 1 ? [to, new Set([from])] : to
      }
      return nodes[0]
    })
  assertCloned(t, RUNS / 2, cyclic)
})

test('values of another realm arrive as their clones', (t) => {
  const context = vm.createContext({})
  const there = (source: string): unknown => vm.runInContext(source, context)
  const foreign = fc
    .json({ maxDepth: 3 })
    .map((json) =>
      there(
        `({ json: JSON.parse(${JSON.stringify(json)}), map: new Map([[1, [${json}]]]), rows: [{ a: 1 }, { a: ${json} }] })`,
      ),
    )
  assertCloned(t, RUNS / 4, foreign)
})

test('shapes that come often arrive as those that come once', (t) => {
  const shapes = fc.array(fc.uniqueArray(text, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 })
  const often = fc
    .tuple(shapes, fc.array(fc.tuple(fc.nat(), tree), { minLength: 40, maxLength: 60 }))
    .map(([names, values]) =>
      values.map(([n, value]) => {
        const object = {}
        for (const name of names[n % names.length]!) {
          Object.defineProperty(object, name, {
            value: name === 'a' ? value : n,
            enumerable: true,
            configurable: true,
            writable: true,
          })
        }
        return object
      }),
    )
  assertCloned(t, RUNS / 20, often)
})
