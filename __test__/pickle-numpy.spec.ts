// Arrays of numbers, between typed arrays and numpy.

import test from 'ava'
import type { NumpyArray } from 'carom/python'
import { checkDescriptors } from './descriptors.ts'
import { virtualEnvironment } from './interpreters.ts'
import { pair } from './pairs.ts'
import { picklePeers, PROTOCOLS } from './pickle-peers.ts'

const peers = picklePeers(test, async () => [await virtualEnvironment()])
checkDescriptors(test)

const rows: [string, string, ArrayLike<unknown>, number[]][] = [
  ['float64', 'numpy.arange(6.0).reshape(2, 3)', Float64Array.of(0, 1, 2, 3, 4, 5), [2, 3]],
  ['float32', "numpy.array([0.5], 'f4')", Float32Array.of(0.5), [1]],
  ['int64', 'numpy.array([-2**63, 1])', BigInt64Array.of(-(2n ** 63n), 1n), [2]],
  ['uint64', "numpy.array([2**64 - 1], 'u8')", BigUint64Array.of(2n ** 64n - 1n), [1]],
  ['int32', "numpy.array([[-1], [2]], 'i4')", Int32Array.of(-1, 2), [2, 1]],
  ['uint32', "numpy.array([2**32 - 1], 'u4')", Uint32Array.of(2 ** 32 - 1), [1]],
  ['int16', "numpy.array([-1], 'i2')", Int16Array.of(-1), [1]],
  ['uint16', "numpy.array([65535], 'u2')", Uint16Array.of(65535), [1]],
  ['int8', "numpy.array([-1], 'i1')", Int8Array.of(-1), [1]],
  ['uint8', "numpy.array([255], 'u1')", Uint8Array.of(255), [1]],
  ['big-endian', "numpy.array([1.5, -2], '>f8')", Float64Array.of(1.5, -2), [2]],
  ['big-endian, 16 bits', "numpy.array([1, 258], '>u2')", Uint16Array.of(1, 258), [2]],
  ['an empty one', 'numpy.zeros((0, 3))', new Float64Array(0), [0, 3]],
  ['one without dimensions', 'numpy.array(1.5)', Float64Array.of(1.5), []],
  ['transposed', 'numpy.arange(6.0).reshape(2, 3).T', Float64Array.of(0, 3, 1, 4, 2, 5), [3, 2]],
  [
    'in the order of Fortran, of three dimensions',
    "numpy.asfortranarray(numpy.arange(24, dtype='i4').reshape(2, 3, 4))",
    Int32Array.from({ length: 24 }, (_, n) => n),
    [2, 3, 4],
  ],
  ['a part of another', 'numpy.arange(10.0)[1:8:3]', Float64Array.of(1, 4, 7), [3]],
]

for (const [name, expression, numbers, shape] of rows) {
  test(`from numpy: ${name}`, async (t) => {
    for (const peer of peers()) {
      for (const protocol of PROTOCOLS) {
        const array = (await peer.dumps(expression, protocol)) as NumpyArray
        t.is(array.constructor, numbers.constructor)
        t.deepEqual(Array.from<unknown>(array), Array.from(numbers), `protocol ${protocol}`)
        t.deepEqual(array.shape, shape)
      }
    }
  })
}

test('from numpy: scalars', async (t) => {
  for (const peer of peers()) {
    for (const protocol of PROTOCOLS) {
      const scalars = '[numpy.float64(1.5), numpy.int64(-5), numpy.int64(2**62), numpy.uint8(255), numpy.float32(0.5)]'
      t.deepEqual(await peer.dumps(scalars, protocol), [1.5, -5, 2n ** 62n, 255, 0.5])
    }
  }
})

test('from numpy: an array that comes twice is one', async (t) => {
  for (const peer of peers()) {
    for (const protocol of PROTOCOLS) {
      const [a, b, { c }] = (await peer.dumps("x = numpy.zeros(2)\n[x, x, {'c': x}]", protocol)) as [
        unknown,
        unknown,
        { c: unknown },
      ]
      t.is(a, b)
      t.is(a, c)
    }
  }
})

test('from numpy 1, which calls its modules otherwise', async (t) => {
  const [a, b] = pair(t, { codec: 'pickle' })
  const [peer] = peers()
  for (const expression of ['numpy.arange(3.0)', 'numpy.float64(1.5)']) {
    const text = (await peer!.dumps(`pickle.dumps(${expression}, 0)`, 5)) as Buffer
    await a.sendBytes(Buffer.from(text.toString('latin1').replaceAll('numpy._core', 'numpy.core'), 'latin1'))
    t.deepEqual(await b.recv(), await peer!.dumps(expression, 5))
  }
})

const refused: [string, RegExp][] = [
  ["numpy.array(['a'])", /numpy.dtype 'U1'/],
  ['numpy.array([None])', /numpy.dtype 'O8'/],
  ['numpy.array([True])', /numpy.dtype 'b1'/],
  ['numpy.array([1j])', /numpy.dtype 'c16'/],
  ["numpy.array([1], 'f2')", /numpy.dtype 'f2'/],
  ["numpy.array(['2024-01-01'], 'M8[D]')", /numpy.dtype 'M8'/],
  ["numpy.zeros(1, [('a', 'i4')])", /numpy.dtype 'V4'/],
  ["numpy.dtype('f8')", /numpy.dtype can only be received as a part/],
  ['numpy.float64', /numpy.float64/],
  ['numpy.ma.array([1])', /numpy.ma.core._mareconstruct/],
]

for (const [expression, message] of refused) {
  test(`from numpy: ${expression} is a DecodeError that names it`, async (t) => {
    for (const peer of peers()) {
      for (const protocol of PROTOCOLS) {
        await t.throwsAsync(() => peer.dumps(expression, protocol), { code: 'ERR_CAROM_DECODE', message })
      }
    }
  })
}

const typed: [ArrayBufferView, string][] = [
  [Float64Array.of(0.1, -1), "'f8', [0.1, -1]"],
  [Float32Array.of(0.5), "'f4', [0.5]"],
  [Int32Array.of(-1), "'i4', [-1]"],
  [BigInt64Array.of(-(2n ** 63n)), "'i8', [-2**63]"],
  [Uint16Array.of(65535), "'u2', [65535]"],
]

for (const [array, expected] of typed) {
  test(`to numpy: a ${array.constructor.name} is an array that numpy reads without a copy`, async (t) => {
    const expression = `(lambda dtype, numbers: (lambda a:
      a.dtype == numpy.dtype(dtype) and a.tolist() == numbers and a.ctypes.data == value.buffer_info()[0]
    )(numpy.asarray(value)))(${expected})`
    for (const peer of peers()) t.is(await peer.check(array, expression), true)
  })
}

test('to numpy: bytes are read without a copy', async (t) => {
  for (const peer of peers()) {
    t.is(await peer.check(Buffer.of(1, 2), "numpy.frombuffer(value, 'u1').tolist() == [1, 2]"), true)
  }
})
