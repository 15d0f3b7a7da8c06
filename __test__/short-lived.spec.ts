// Many connections that live for one message: their memory and descriptors are given back.

import test from 'ava'
import { fixture, startProgram } from './children.ts'
import { checkDescriptors } from './descriptors.ts'

checkDescriptors(test)

const MiB = 1024 * 1024

test('tens of thousands of short-lived connections leave memory and descriptors flat', async (t) => {
  const child = startProgram(t, process.execPath, ['--expose-gc', fixture('short-lived.mjs'), '40000'])
  const { stdout, stderr, code } = await child.ended
  t.deepEqual([stderr, code], ['', 0])
  const added = JSON.parse(stdout) as { rss: number; descriptors: number }
  t.is(added.descriptors, 0)
  t.true(added.rss < 48 * MiB, `memory grew by ${added.rss} bytes`)
})
