// Arrays of numbers, between typed arrays and numpy.

import test from 'ava'
import { type NumpyArray, pickle, PythonComplex } from 'carom/python'
import { checkDescriptors } from './descriptors.ts'
import { type Interpreter, oldVirtualEnvironment, virtualEnvironment } from './interpreters.ts'
import { pair } from './pairs.ts'
import { picklePeers } from './pickle-peers.ts'

// numpy 2, and numpy 1 where there is a Python for it.
const peers = picklePeers(test, async () => {
  const both = [await virtualEnvironment(), await oldVirtualEnvironment()]
  return both.filter((found): found is Interpreter => found !== undefined)
})
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
      for (const protocol of peer.protocols) {
        const array = (await peer.dumps(expression, protocol)) as NumpyArray
        t.is(array.constructor, numbers.constructor)
        t.deepEqual(Array.from<unknown>(array), Array.from(numbers), `protocol ${protocol}`)
        t.deepEqual(array.shape, shape)
      }
    }
  })
}

interface Typed {
  dtype: string
  items: unknown[]
  shape: number[]
  of: string
}

/** Arrays whose typed array doesn't imply their dtype. */
const typed: [string, string, Typed][] = [
  ['bool', 'numpy.array([[True], [False]])', { dtype: 'bool', items: [1, 0], shape: [2, 1], of: 'Uint8Array' }],
  [
    'float16',
    "numpy.array([1.5, -2, 65504, 6e-8, 1e-5, 'inf', '-inf', 'nan', -0.0], 'f2')",
    {
      dtype: 'float16',
      items: [1.5, -2, 65504, 2 ** -24, 168 * 2 ** -24, Infinity, -Infinity, Number.NaN, -0],
      shape: [9],
      of: 'Float16Array' in globalThis ? 'Float16Array' : 'Float32Array',
    },
  ],
  [
    'float16 of the other byte order',
    "numpy.array([1.5], '>f2')",
    { dtype: 'float16', items: [1.5], shape: [1], of: 'Float16Array' in globalThis ? 'Float16Array' : 'Float32Array' },
  ],
  [
    'complex128',
    'numpy.array([1+2j, complex(0, -0.5)])',
    { dtype: 'complex128', items: [1, 2, 0, -0.5], shape: [2], of: 'Float64Array' },
  ],
  [
    'complex64 of the other byte order, transposed',
    "numpy.array([[1+2j, 3], [5j, 7]], '>c8').T",
    { dtype: 'complex64', items: [1, 2, 0, 5, 3, 0, 7, 0], shape: [2, 2], of: 'Float32Array' },
  ],
  [
    'datetime64[D]',
    "numpy.array(['1970-01-02', 'NaT'], 'M8[D]')",
    { dtype: 'datetime64[D]', items: [1n, -(2n ** 63n)], shape: [2], of: 'BigInt64Array' },
  ],
  [
    'datetime64[ns] of the other byte order',
    "numpy.array([['1970-01-01T00:00:01']], '>M8[ns]')",
    { dtype: 'datetime64[ns]', items: [1_000_000_000n], shape: [1, 1], of: 'BigInt64Array' },
  ],
  [
    'timedelta64[25s]',
    "numpy.array([3], 'm8[25s]')",
    { dtype: 'timedelta64[25s]', items: [3n], shape: [1], of: 'BigInt64Array' },
  ],
  [
    'timedelta64 without a unit',
    "numpy.array([3], 'm8')",
    { dtype: 'timedelta64', items: [3n], shape: [1], of: 'BigInt64Array' },
  ],
  [
    'texts',
    "numpy.array([['a', 'é漢🎱'], ['', 'b']])",
    { dtype: '<U3', items: ['a', 'é漢🎱', '', 'b'], shape: [2, 2], of: 'Array' },
  ],
  [
    'texts of the other byte order, transposed',
    "numpy.array([['a', 'bc', 'd'], ['e', 'f', 'g']], '>U2').T",
    { dtype: '<U2', items: ['a', 'e', 'bc', 'f', 'd', 'g'], shape: [3, 2], of: 'Array' },
  ],
  ['a text without dimensions', "numpy.array('ab')", { dtype: '<U2', items: ['ab'], shape: [], of: 'Array' }],
  [
    'bytes',
    "numpy.array([b'a', b'bc\\x00d', b''])",
    { dtype: '|S4', items: [Buffer.from('a'), Buffer.from('bc\0d'), Buffer.alloc(0)], shape: [3], of: 'Array' },
  ],
  ['bool without dimensions', 'numpy.array(True)', { dtype: 'bool', items: [1], shape: [], of: 'Uint8Array' }],
]

for (const [name, expression, expected] of typed) {
  test(`from numpy: ${name}, with its dtype`, async (t) => {
    for (const peer of peers()) {
      for (const protocol of peer.protocols) {
        const array = (await peer.dumps(expression, protocol)) as NumpyArray
        const { dtype, shape } = array
        t.deepEqual(
          { dtype, items: Array.from<unknown>(array), shape, of: array.constructor.name } as unknown,
          expected as unknown,
          `${peer.name}, protocol ${protocol}`,
        )
      }
    }
  })
}

test('from numpy: an array of texts is an array of texts, but for its shape', async (t) => {
  for (const peer of peers()) t.deepEqual(await peer.dumps("numpy.array(['a', 'b'])", 4), ['a', 'b'])
})

const scalars: [string, unknown][] = [
  ['numpy.float64(1.5)', 1.5],
  ['numpy.float32(0.5)', 0.5],
  ['numpy.float16(0.5)', 0.5],
  ['numpy.int64(-5)', -5],
  ['numpy.int64(2**62)', 2n ** 62n],
  ['numpy.uint64(2**64 - 1)', 2n ** 64n - 1n],
  ['numpy.uint8(255)', 255],
  ['numpy.bool_(True)', true],
  ['numpy.bool_(False)', false],
  ["numpy.str_('é')", 'é'],
  ["numpy.str_('')", ''],
  ["numpy.bytes_(b'a')", Buffer.from('a')],
  ['numpy.complex128(1+2j)', new PythonComplex(1, 2)],
  ['numpy.complex64(complex(0, -1))', new PythonComplex(0, -1)],
]

for (const [expression, expected] of scalars) {
  test(`from numpy: the scalar ${expression}`, async (t) => {
    for (const peer of peers()) {
      for (const protocol of peer.protocols) {
        t.deepEqual(await peer.dumps(`[${expression}]`, protocol), [expected], `${peer.name}, protocol ${protocol}`)
      }
    }
  })
}

test('from numpy: a moment or a duration is an array without dimensions, so that its unit stays', async (t) => {
  for (const peer of peers()) {
    for (const protocol of peer.protocols) {
      const [moment, duration] = (await peer.dumps(
        "[numpy.datetime64('1970-01-02T00:00', 'ms'), numpy.timedelta64(5, 'D')]",
        protocol,
      )) as [NumpyArray, NumpyArray]
      t.like(moment, { 0: 86_400_000n, shape: [], dtype: 'datetime64[ms]', length: 1 })
      t.like(duration, { 0: 5n, shape: [], dtype: 'timedelta64[D]', length: 1 })
    }
  }
})

test('from numpy: arrays of one to six dimensions, in any order of memory, are what numpy says', async (t) => {
  const made = `import itertools, random
random.seed(7)
def some():
  for dimensions in range(1, 7):
    for _ in range(6):
      shape = [random.randint(1, 3) for _ in range(dimensions)]
      array = numpy.arange(numpy.prod(shape), dtype='i4').reshape(shape, order=random.choice('CF'))
      array = array.transpose(random.sample(range(dimensions), dimensions))
      yield (array, array.flatten().tolist(), list(array.shape))
list(some())`
  for (const peer of peers()) {
    for (const protocol of peer.protocols) {
      for (const [array, items, shape] of (await peer.dumps(made, protocol)) as [NumpyArray, number[], number[]][]) {
        t.deepEqual([Array.from<unknown>(array), array.shape], [items, shape], `${peer.name}, protocol ${protocol}`)
      }
    }
  }
})

test('from numpy: with tuples: true, a shape is still an array', async (t) => {
  for (const peer of peers()) {
    for (const protocol of peer.protocols) {
      const bytes = await peer.pickled('numpy.zeros((2, 3))', protocol)
      const array = pickle({ tuples: true }).decode(bytes) as NumpyArray
      t.is(array.shape.constructor, Array)
      t.deepEqual(array.shape, [2, 3])
    }
  }
})

const echoed = [
  'numpy.arange(6.0).reshape(2, 3)',
  'numpy.array([[True], [False]])',
  "numpy.array([1.5, -2, 65504, 6e-8, 'inf'], 'f2')",
  'numpy.array([1+2j, -0.5j])',
  "numpy.array(['1970-01-02', 'NaT'], 'M8[D]')",
  "numpy.array([3], 'm8[25s]')",
  "numpy.array([3], 'm8')",
  'numpy.zeros((0, 3))',
  'numpy.array(1.5)',
  'numpy.array([[1, 2], [3, 4]]).T',
  "numpy.array([1, 2], '>i2')",
  "numpy.array([255], 'u1')",
]

for (const expression of echoed) {
  test(`${expression} goes back to numpy as it came`, async (t) => {
    for (const peer of peers()) {
      for (const protocol of peer.protocols) {
        const there = `(lambda a: value.shape == a.shape and value.dtype == a.dtype.newbyteorder('=') and value.tobytes() == a.astype(a.dtype.newbyteorder('=')).tobytes() and value.flags.writeable)(${expression})`
        const came = await peer.dumps(expression, protocol)
        t.is(await peer.check(came, there), true, `${peer.name}, protocol ${protocol}`)
      }
    }
  })
}

test('from numpy: an array that comes twice is one', async (t) => {
  for (const peer of peers()) {
    for (const protocol of peer.protocols) {
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

test('from numpy 1, whose modules have other names', async (t) => {
  const [a, b] = pair(t, { codec: 'pickle' })
  const [peer] = peers()
  for (const expression of ['numpy.arange(3.0)', 'numpy.float64(1.5)']) {
    const text = (await peer!.dumps(`pickle.dumps(${expression}, 0)`, 5)) as Buffer
    await a.sendBytes(Buffer.from(text.toString('latin1').replaceAll('numpy._core', 'numpy.core'), 'latin1'))
    t.deepEqual(await b.recv(), await peer!.dumps(expression, 5))
  }
})

const refused: [string, RegExp][] = [
  ['numpy.array([None])', /numpy.dtype 'O8'/],
  ["numpy.zeros(1, [('a', 'i4')])", /numpy.dtype 'V4'/],
  ['numpy.array([1, None, int])', /numpy.dtype 'O8'/],
  ['numpy.longdouble(1)', /numpy.dtype 'f16'/],
  ['numpy.matrix([1])', /numpy.matrix|numpy.matrixlib/],
  ["numpy.dtype('f8')", /numpy.dtype can only be received as a part/],
  ['numpy.float64', /numpy.float64/],
  ['numpy.ma.array([1])', /numpy.ma.core._mareconstruct/],
]

for (const [expression, message] of refused) {
  test(`from numpy: ${expression} is a DecodeError that names it`, async (t) => {
    for (const peer of peers()) {
      for (const protocol of peer.protocols) {
        await t.throwsAsync(() => peer.dumps(expression, protocol), { code: 'ERR_CAROM_DECODE', message })
      }
    }
  })
}

const written: [ArrayBufferView, string][] = [
  [Float64Array.of(0.1, -1), "'f8', [0.1, -1]"],
  [Float32Array.of(0.5), "'f4', [0.5]"],
  [Int32Array.of(-1), "'i4', [-1]"],
  [BigInt64Array.of(-(2n ** 63n)), "'i8', [-2**63]"],
  [Uint16Array.of(65535), "'u2', [65535]"],
]

for (const [array, expected] of written) {
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

test('from numpy: a large array that comes like the one before is a view of its message, whatever its type', async (t) => {
  const [a, b] = pair(t, { codec: 'pickle' })
  for (const peer of peers()) {
    for (const protocol of [3, 4, 5]) {
      for (const [type, shape] of [
        ['f8', '-1'],
        ['f8', '1000, -1'],
        ['i4', '10, 10, -1'],
        ['u1', '-1'],
        ['c16', '2, -1'],
      ]) {
        const made = `numpy.arange(100000).astype('${type}').reshape(${shape})`
        const bytes = (await peer.dumps(`pickle.dumps(${made}, ${protocol})`, 4)) as Buffer
        // Where the first one of its kind lies decides where the next one is read.
        void a.sendBytes(bytes)
        await b.recv()
        void a.sendBytes(bytes)
        const array = (await b.recv()) as NumpyArray
        t.true(array.buffer.byteLength < array.byteLength + 1000, `${type} ${shape} ${protocol}`)
        t.true(array.byteOffset > 0, `${type} ${shape} ${protocol}`)
        t.is(Number(array.at(type === 'c16' ? -2 : -1)), type === 'u1' ? 99_999 % 256 : 99_999)
      }
    }
  }
})
