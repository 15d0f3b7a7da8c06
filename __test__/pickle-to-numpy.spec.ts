// Arrays sent to numpy, in its versions 1 and 2, are real ones, which can be written.

import vm from 'node:vm'
import test from 'ava'
import * as fc from 'fast-check'
import { EncodeError } from 'carom'
import { ndarray, pickle } from 'carom/python'
import { checkDescriptors } from './descriptors.ts'
import { numpyEnvironments } from './interpreters.ts'
import { pair } from './pairs.ts'
import { picklePeers } from './pickle-peers.ts'

const peers = picklePeers(test, numpyEnvironments)
checkDescriptors(test)

/** Whether `value` is, to the bit, the array that an expression makes, and can be written and used as any other. */
const is = (expression: string): string => `(lambda expected:
  type(value) is numpy.ndarray and value.dtype == expected.dtype and value.shape == expected.shape
  and value.tobytes() == expected.tobytes() and value.flags.writeable and value.flags.c_contiguous
  and value.flags.aligned and (value.fill(0) or not value.any())
)(${expression})`

const Float16 = (globalThis as { Float16Array?: typeof Float32Array }).Float16Array
const numbers = [
  0,
  -0,
  1,
  1.0009765625,
  65_504,
  65_519,
  65_520,
  1e9,
  -Infinity,
  6e-8,
  3e-8,
  2.98e-8,
  0.1,
  1 / 3,
  2 ** -14,
]

const rows: [string, unknown, string][] = [
  [
    'a Float64Array',
    ndarray(Float64Array.of(0.1, -0, NaN, 4, 5, 6), [2, 3]),
    'numpy.array([[0.1, -0.0, numpy.nan], [4, 5, 6]])',
  ],
  ['a Float32Array', ndarray(Float32Array.of(0.5)), "numpy.array([0.5], 'f4')"],
  ['a BigInt64Array', ndarray(BigInt64Array.of(-(2n ** 63n), 1n)), "numpy.array([-2**63, 1], 'i8')"],
  ['a BigUint64Array', ndarray(BigUint64Array.of(2n ** 64n - 1n)), "numpy.array([2**64 - 1], 'u8')"],
  ['an Int32Array', ndarray(Int32Array.of(-1, 2), [2, 1]), "numpy.array([[-1], [2]], 'i4')"],
  ['a Uint32Array', ndarray(Uint32Array.of(2 ** 32 - 1)), "numpy.array([2**32 - 1], 'u4')"],
  ['an Int16Array', ndarray(Int16Array.of(-1)), "numpy.array([-1], 'i2')"],
  ['a Uint16Array', ndarray(Uint16Array.of(65_535)), "numpy.array([65535], 'u2')"],
  ['an Int8Array', ndarray(Int8Array.of(-1)), "numpy.array([-1], 'i1')"],
  ['a Uint8Array', ndarray(Uint8Array.of(255)), "numpy.array([255], 'u1')"],
  ['a Uint8ClampedArray', ndarray(Uint8ClampedArray.of(255)), "numpy.array([255], 'u1')"],
  ['a Buffer', ndarray(Buffer.of(1, 2, 3, 4), [2, 2]), "numpy.array([[1, 2], [3, 4]], 'u1')"],
  ['a part of its memory', ndarray(Float64Array.of(1, 2, 3).subarray(1)), 'numpy.array([2.0, 3.0])'],
  ['no dimensions', ndarray(Int32Array.of(7), []), "numpy.array(7, 'i4')"],
  ['no items', ndarray(new Int8Array(0), [0, 3]), "numpy.zeros((0, 3), 'i1')"],
  [
    'twenty dimensions',
    ndarray(
      Int8Array.of(1),
      Array.from({ length: 20 }, () => 1),
    ),
    "numpy.ones((1,) * 20, 'i1')",
  ],
  ['bool', ndarray(Uint8Array.of(1, 0, 1), [3], 'bool'), 'numpy.array([True, False, True])'],
  [
    'float16, by its bits',
    ndarray(Uint16Array.of(0x3c00, 0x8000), undefined, 'float16'),
    "numpy.array([1, -0.0], 'f2')",
  ],
  [
    'float16, rounded',
    ndarray(Float64Array.from(numbers), undefined, 'float16'),
    `numpy.array([${numbers.map((n) => (Object.is(n, -0) ? '-0.0' : n === -Infinity ? '-numpy.inf' : n)).join(', ')}]).astype('f2')`,
  ],
  ...(Float16
    ? [['float16, by its own array', ndarray(Float16.of(0.5)), "numpy.array([0.5], 'f2')"] as [string, unknown, string]]
    : []),
  ['complex128', ndarray(Float64Array.of(1, 2, 3, -0), [2], 'complex128'), 'numpy.array([1+2j, complex(3, -0.0)])'],
  ['complex64', ndarray(Float32Array.of(1, 2), [1, 1], 'complex64'), "numpy.array([[1+2j]], 'c8')"],
  [
    'datetime64',
    ndarray(BigInt64Array.of(0n, 10n ** 18n, -(2n ** 63n)), undefined, 'datetime64[ns]'),
    "numpy.array(['1970-01-01', '2001-09-09T01:46:40', 'NaT'], 'M8[ns]')",
  ],
  [
    'datetime64, of days',
    ndarray(BigInt64Array.of(19_000n), undefined, 'datetime64[D]'),
    "numpy.array(['2022-01-08'], 'M8[D]')",
  ],
  ['timedelta64', ndarray(BigInt64Array.of(-5n), undefined, 'timedelta64[25s]'), "numpy.array([-5], 'm8[25s]')"],
  ['timedelta64 without a unit', ndarray(BigInt64Array.of(3n), undefined, 'timedelta64'), "numpy.array([3], 'm8')"],
  [
    'one that is large',
    ndarray(
      Float64Array.from({ length: 300_000 }, (_, n) => n),
      [3, 100, 1000],
    ),
    'numpy.arange(300000.0).reshape(3, 100, 1000)',
  ],
  [
    'one of another realm',
    vm.runInNewContext('Object.assign(Int16Array.of(1, 2), { shape: [2, 1] })'),
    "numpy.array([[1], [2]], 'i2')",
  ],
  [
    'any typed array with a shape',
    Object.assign(Float32Array.of(1, 2), { shape: [1, 2] }),
    "numpy.array([[1, 2]], 'f4')",
  ],
]

for (const [name, array, expression] of rows) {
  test(`to numpy: ${name}`, async (t) => {
    for (const peer of peers()) t.is(await peer.check(array, is(expression)), true, peer.name)
  })
}

const DTYPES: readonly [new (memory: ArrayBuffer) => Float64Array, string, string?][] = [
  [Int8Array as never, '|i1'],
  [Uint8Array as never, '|u1'],
  [Uint8Array as never, '|b1', 'bool'],
  [Int16Array as never, '<i2'],
  [Uint16Array as never, '<u2'],
  [Uint16Array as never, '<f2', 'float16'],
  [Int32Array as never, '<i4'],
  [Uint32Array as never, '<u4'],
  [BigInt64Array as never, '<i8'],
  [BigUint64Array as never, '<u8'],
  [Float32Array as never, '<f4'],
  [Float64Array, '<f8'],
  [Float32Array as never, '<c8', 'complex64'],
  [Float64Array, '<c16', 'complex128'],
  [BigInt64Array as never, '<M8[us]', 'datetime64[us]'],
  [BigInt64Array as never, '<m8[3D]', 'timedelta64[3D]'],
]

test('to numpy: any bytes of any type, in any shape', async (t) => {
  const any = fc.record({
    type: fc.constantFrom(...DTYPES),
    shape: fc.array(fc.nat(4), { maxLength: 5 }),
    seed: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  })
  for (const peer of peers()) {
    await fc.assert(
      fc.asyncProperty(any, async ({ type: [View, code, dtype], shape, seed }) => {
        const items = shape.reduce((product, size) => product * size, 1)
        const size = items * Number(/\d+/.exec(code)![0])
        const bytes = Buffer.alloc(size, seed)
        if (dtype === 'bool') for (const [n, byte] of bytes.entries()) bytes[n] = byte & 1
        const memory = new ArrayBuffer(size)
        Buffer.from(memory).set(bytes)
        const made = `numpy.frombuffer(bytes.fromhex('${bytes.toString('hex')}'), '${code}').reshape((${shape.join(', ')}${shape.length > 0 ? ',' : ''}))`
        return (await peer.check(ndarray(new View(memory), shape, dtype), is(made))) === true
      }),
      { numRuns: 300 },
    )
  }
  t.pass()
})

test('to numpy: the same array is one there, and arrays of one type share it', async (t) => {
  const a = ndarray(Float64Array.of(1, 2))
  const many = Array.from({ length: 100 }, (_, n) => ndarray(Float64Array.of(n)))
  const expression = "value['a'][0] is value['a'][1] and [int(each[0]) for each in value['many']] == list(range(100))"
  for (const peer of peers()) t.is(await peer.check({ a: [a, a], many }, expression), true, peer.name)
})

test('to numpy: arrays of any size, in any place of a message', async (t) => {
  const sizes = [0, 1, 100, 16_383, 16_384, 131_071, 131_072, 1_000_000, 5]
  const arrays = sizes.map((size) => ndarray(new Uint8Array(size).fill(size % 251)))
  const value = {
    before: 'x'.repeat(20_000),
    arrays,
    between: new Map([[1, arrays[7]]]),
    bytes: Buffer.alloc(200_000, 1),
  }
  const expression = `[len(each) for each in value['arrays']] == ${JSON.stringify(sizes)}
    and all((each == len(each) % 251).all() for each in value['arrays'])
    and value['between'][1] is value['arrays'][7] and value['bytes'] == b'\\1' * 200000
    and value['before'] == 'x' * 20000`.replaceAll('\n', ' ')
  for (const peer of peers()) t.is(await peer.check(value, expression), true, peer.name)
})

test('to numpy: an array without a shape is no array of numpy’s', async (t) => {
  const [given] = [Float64Array.of(1)]
  ndarray(given)
  for (const peer of peers()) {
    t.is(await peer.check(given, 'type(value) is array.array'), true)
    t.is(await peer.check(Uint8Array.of(1), 'type(value) is bytes'), true)
  }
})

test('ndarray is a view of the same memory, and needs no dtype where the typed array implies it', (t) => {
  const given = Float64Array.of(1, 2, 3, 4).subarray(2)
  const array = ndarray(given, [2, 1], 'float64')
  given[0] = 5
  t.is(array[0], 5)
  t.true(array instanceof Float64Array)
  t.deepEqual(array.shape, [2, 1])
  t.false('dtype' in array)
  t.false('shape' in given)
  t.is(ndarray(Uint8Array.of(1), [1], 'bool').dtype, 'bool')
  t.true(Buffer.isBuffer(ndarray(Buffer.of(1))))
})

const wrong: [string, () => unknown, RegExp][] = [
  ['no array', () => ndarray([1, 2] as never), /array must be a typed array, not Array/],
  ['a DataView', () => ndarray(new DataView(new ArrayBuffer(8)) as never), /must be a typed array/],
  [
    'a shape of another size',
    () => ndarray(Int8Array.of(1, 2), [3]),
    /shape must be one of the array's 2 items, not \[3\]/,
  ],
  ['a shape that is no array', () => ndarray(Int8Array.of(1), 1 as never), /shape must be an array of sizes/],
  [
    'a negative size',
    () => ndarray(Int8Array.of(1), [-1, -1]),
    /each size in shape must be a whole number from 0 on, not -1/,
  ],
  ['a size that is no whole number', () => ndarray(Int8Array.of(1), [0.5, 2]), /each size in shape/],
  [
    'too many dimensions',
    () =>
      ndarray(
        Int8Array.of(1),
        Array.from({ length: 65 }, () => 1),
      ),
    /at most 64, not 65/,
  ],
  [
    'half a complex number',
    () => ndarray(Float64Array.of(1, 2, 3), undefined, 'complex128'),
    /the length of an array of 'complex128' must be even, not 3/,
  ],
  [
    'a dtype that is not of these numbers',
    () => ndarray(Float64Array.of(1), [1], 'bool'),
    /a Float64Array can't be an ndarray of dtype 'bool'; it may be of 'float64', 'float16', 'complex128'/,
  ],
  [
    'a dtype that numpy has not',
    () => ndarray(BigInt64Array.of(1n), [1], 'datetime64[ly]'),
    /it may be of 'int64', 'datetime64\[ns\]'/,
  ],
  ['a dtype that is no string', () => ndarray(Int8Array.of(1), [1], 5 as never), /dtype must be a string/],
]

for (const [name, make, message] of wrong) {
  test(`ndarray refuses ${name}`, (t) => {
    const error = t.throws(make, { message })
    t.true(error instanceof TypeError || error instanceof RangeError)
  })
}

test('a typed array whose shape or dtype is none is an EncodeError that names the place', (t) => {
  const cases: [object, RegExp][] = [
    [{ shape: [3] }, /: a\[0\]: an array of 2 items can't have the shape \[3\]/],
    [{ shape: 'square' }, /: a\[0\]: shape must be an array of sizes/],
    [{ shape: [2], dtype: 'int4' }, /: a\[0\]: an Int8Array can't be an ndarray of dtype 'int4'/],
    [{ shape: [2], dtype: null }, /: a\[0\]: dtype must be a string/],
  ]
  for (const [own, message] of cases) {
    t.throws(() => pickle().encode({ a: [Object.assign(Int8Array.of(1, 2), own)] }), {
      instanceOf: EncodeError,
      message,
    })
  }
})

test('memory that is taken away while its message is made is an EncodeError, and nothing is sent', async (t) => {
  const [a, b] = pair(t, { codec: 'pickle' })
  const array = ndarray(new Uint8Array(300_000))
  const value = {
    array,
    get then_() {
      structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] })
      return 1
    },
  }
  await t.throwsAsync(() => a.send(value), { instanceOf: EncodeError, message: /memory that is no longer here/ })
  t.is(a.stats.messagesSent, 0)
  await a.send(1)
  t.is(await b.recv(), 1)
})
