// Several copies of the code in one environment: each test file of Jest has its own, in a realm of its own, and all share
// one binary.

import test from 'ava'
import { endedWell, fixture, startProgram } from './children.ts'
import { checkDescriptors } from './descriptors.ts'

checkDescriptors(test)

test('a copy of the code whose realm is gone is not kept, and never called, and others go on', async (t) => {
  const child = startProgram(t, process.execPath, ['--no-warnings', '--expose-gc', fixture('realms.mjs')])
  const stdout = `${JSON.stringify({ kept: true, told: true, living: 'hello' })}\n`
  t.like(await child.ended, { ...endedWell, stdout })
})
