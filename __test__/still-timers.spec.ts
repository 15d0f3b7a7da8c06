// Test runners replace timers, microtasks and clocks by their own, which stand still until the test advances them.

import test from 'ava'
import { startChild } from './children.ts'
import { checkDescriptors } from './descriptors.ts'

checkDescriptors(test)

for (const [title, how, count] of [
  ['timers that stand still', 'timers', 8],
  ['timers, microtasks and clocks that stand still', 'everything', 7],
] as const) {
  test(`connections, handshakes and time limits work under ${title}`, async (t) => {
    const { stdout, ...ending } = await startChild(t, 'still-timers.ts', { args: [how] }).ended
    t.like(ending, { code: 0, signal: null })
    const lines = stdout.trim().split('\n')
    t.is(lines.length, count)
    for (const line of lines) t.regex(line, /: true$/)
  })
}
