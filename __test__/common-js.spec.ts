import test from 'ava'
import { endedWell, fixture, startProgram } from './children.ts'
import { checkDescriptors } from './descriptors.ts'

checkDescriptors(test)

test('require gives a CommonJS program all that import gives', async (t) => {
  const child = startProgram(t, process.execPath, ['--no-warnings', fixture('require-carom.cjs')])
  const exports = Object.keys(await import('carom')).toSorted()
  t.like(await child.ended, { ...endedWell, stdout: `${JSON.stringify(exports)}\n{ required: true }\n` })
})

test('import works without any loader', async (t) => {
  const child = startProgram(t, process.execPath, ['--no-warnings', fixture('import-carom.mjs')])
  t.like(await child.ended, { ...endedWell, stdout: '{ imported: true }\n' })
})

test('a program that only imports carom ends', async (t) => {
  const child = startProgram(t, process.execPath, ['--input-type=module', '--eval', "await import('carom')"])
  t.like(await child.ended, endedWell)
})
