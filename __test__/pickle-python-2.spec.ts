// Pickles that only Python 2 writes, and Python 3 still reads.

import test from 'ava'
import { PythonError } from 'carom/python'
import { checkDescriptors } from './descriptors.ts'
import { pair } from './pairs.ts'

checkDescriptors(test)

const rows: [string, string, unknown][] = [
  ['str in quotes', "S'abc'\np0\n.", 'abc'],
  ['str in other quotes', 'S"it\'s"\n.', "it's"],
  ['str with escapes', String.raw`S'\x41\102\n\t\\\''` + '\n.', "AB\n\t\\'"],
  ['short str', 'U\x03abc.', 'abc'],
  ['str', 'T\x03\0\0\0abc.', 'abc'],
  ['unicode', 'Va\\u20ac\\U0001f3b1\xe9\n.', 'a€🎱é'],
  ['bool and int', '(I01\nI00\nI1\nL-5L\nl.', [true, false, 1, -5]],
  ['long that no number holds', 'L9007199254740993L\n.', 9007199254740993n],
  ['float', '(F1.5\nF-1e-07\nFinf\nF-inf\nFnan\nl.', [1.5, -1e-7, Infinity, -Infinity, Number.NaN]],
  ['dict', '(Va\nI1\nd.', { a: 1 }],
  ['OrderedDict of pairs', 'ccollections\nOrderedDict\n(((I1\nI2\ntltR.', new Map([[1, 2]])],
]

for (const [name, bytes, expected] of rows) {
  test(`from Python 2: ${name}`, async (t) => {
    const [a, b] = pair(t, { codec: 'pickle' })
    await a.sendBytes(Buffer.from(bytes, 'latin1'))
    t.deepEqual(await b.recv(), expected)
  })
}

for (const [opcode, bytes] of [
  ['INST', '(Vno\niexceptions\nValueError\n.'],
  ['OBJ', '(cexceptions\nValueError\nVno\no.'],
] as const) {
  test(`from Python 2: an exception by ${opcode}`, async (t) => {
    const [a, b] = pair(t, { codec: 'pickle' })
    await a.sendBytes(Buffer.from(bytes, 'latin1'))
    const error = await b.recv()
    t.true(error instanceof PythonError)
    t.like(error, { name: 'ValueError', message: 'no', args: ['no'] })
  })
}
