// The codec object of carom/python, and the two entries side by side.

import vm from 'node:vm'
import test from 'ava'
import { DecodeError, EncodeError } from 'carom'
import { pickle, type PickleOptions } from 'carom/python'
import { endedWell, startProgram } from './children.ts'
import { checkDescriptors } from './descriptors.ts'
import { pair } from './pairs.ts'

checkDescriptors(test)

test('a codec of pickle() encodes and decodes by itself', (t) => {
  const codec = pickle()
  const value = { list: [1, 2.5, 'three', null, true], map: new Map([[1, new Set(['a'])]]), bytes: Buffer.of(1, 2) }
  t.deepEqual(codec.decode(codec.encode(value)), value)
})

test('the bytes that encode returned stay as they are when more is encoded', (t) => {
  const codec = pickle()
  const sizes = [0, 10, 16_380, 16_384, 40_000, 5]
  const pickles = sizes.map((size, n) => codec.encode(Buffer.alloc(size, n)))
  for (const [n, size] of sizes.entries()) t.deepEqual(codec.decode(pickles[n]!), Buffer.alloc(size, n))
})

test('decode takes any view of a pickle, of any realm, and gives views of its memory', (t) => {
  const bytes = pickle().encode(Buffer.of(7, 8))
  const memory = new ArrayBuffer(bytes.length + 3)
  Buffer.from(memory).set(bytes, 3)
  const there = vm.runInNewContext('(memory) => new Uint8Array(memory, 3)', {}) as (memory: ArrayBuffer) => Uint8Array
  for (const view of [Buffer.from(memory, 3), new Uint8Array(memory, 3), new DataView(memory, 3), there(memory)]) {
    const value = pickle().decode(view) as Buffer
    t.deepEqual(value, Buffer.of(7, 8))
    t.is(value.buffer, memory)
  }
})

test('the errors of encode and decode are those of a connection', (t) => {
  t.throws(() => pickle().encode(Symbol('no')), { instanceOf: EncodeError, code: 'ERR_CAROM_ENCODE' })
  const error = t.throws(() => pickle().decode(Buffer.from('no')), { instanceOf: DecodeError })
  t.deepEqual((error as DecodeError).data, Buffer.from('no'))
  t.throws(() => pickle().decode('no' as never), { instanceOf: TypeError, message: /bytes must be a Uint8Array/ })
})

test('a connection takes a codec of pickle()', async (t) => {
  const [a, b] = pair(t, { codec: pickle({}) })
  await a.send([1, { two: 2n ** 70n }])
  t.deepEqual(await b.recv(), [1, { two: 2n ** 70n }])
  await t.throwsAsync(() => a.send(Symbol('no')), {
    code: 'ERR_CAROM_ENCODE',
    message: /^the value can't be encoded: /,
  })
})

const wrong: [string, unknown, RegExp][] = [
  ['a name that is nearly one', { tuple: true }, /pickle has no option 'tuple': did you mean 'tuples'\?/],
  ['a name in another case', { Naive: true }, /no option 'Naive': did you mean 'naive'\?/],
  ['a name that is none', { protocol: 5 }, /no option 'protocol'; there are tuples, naive, /],
  ['tuples that is no boolean', { tuples: 1 }, /tuples must be a boolean/],
  ['naive that is no boolean', { naive: 'yes' }, /naive must be a boolean/],
  ['forward that is no boolean', { forward: null }, /forward must be a boolean/],
  ['unknown that is neither', { unknown: 'any' }, /unknown must be 'error' or 'object'/],
  ['classes that is no object', { classes: 'm.C' }, /classes must be an object of functions/],
  ['a class that is no function', { classes: { 'm.C': 1 } }, /classes\['m\.C'\] must be a function/],
  ['a class without its module', { classes: { C: () => 1 } }, /each name in classes must be 'module\.Name'/],
  ['exceptions that is no array', { exceptions: 'm.E' }, /exceptions must be an array of names/],
  ['an exception without its module', { exceptions: ['E'] }, /each name in exceptions must be 'module\.Name'/],
  ['no object', 'tuples', /options must be an object/],
]

for (const [name, options, message] of wrong) {
  test(`pickle() refuses ${name}`, (t) => {
    t.throws(() => pickle(options as PickleOptions), { instanceOf: TypeError, message })
  })
}

test('an option given as undefined counts as absent', (t) => {
  const options = { tuples: undefined, unknown: undefined, classes: undefined, exceptions: undefined }
  t.notThrows(() => pickle(options))
})

test('a program that imports carom loads nothing for Python until it is used, and both entries share it', async (t) => {
  const program = `
    import { Session } from 'node:inspector'
    const scripts = []
    const session = new Session()
    session.connect()
    session.on('Debugger.scriptParsed', ({ params }) => scripts.push(params.url))
    session.post('Debugger.enable')
    const loaded = () => scripts.some((url) => url.endsWith('/dist/python.cjs'))
    const { pipe } = await import('carom')
    const before = loaded()
    const [a, b] = pipe({ codec: 'pickle' })
    const { PythonDate } = await import('carom/python')
    await a.send(new PythonDate('2024-02-29'))
    console.log(before, loaded(), (await b.recv()) instanceof PythonDate)
    await Promise.all([a.close(), b.close()])`
  const child = startProgram(t, process.execPath, ['--no-warnings', '--input-type=module', '--eval', program])
  t.like(await child.ended, { ...endedWell, stdout: 'false true true\n' })
})
