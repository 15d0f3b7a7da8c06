import test from 'ava'
import { endedWell, startChild } from './children.ts'
import { checkDescriptors } from './descriptors.ts'
import { pair } from './pairs.ts'

checkDescriptors(test)

// A child that would end too early, or stay too long, is found out by its output, by its exit code, or by never ending.

for (const [scenario, behaviour] of [
  ['idle', 'a connection on which nobody waits does not keep the process'],
  ['after-receive', 'a connection on which nobody waits any more does not keep the process'],
  ['after-abort', 'an aborted receive does not keep the process'],
  ['after-timeout', 'an expired poll does not keep the process'],
  ['unref-receive', 'an unref’d connection does not keep the process, though a receive is pending'],
  ['unref-later', 'unref lets the process go while a receive is already pending'],
  ['unref-poll', 'an unref’d connection does not keep the process, though a poll is pending'],
] as const) {
  test(behaviour, async (t) => {
    const [near, far] = pair(t)
    const child = startChild(t, 'keep-alive.ts', { ends: [far], args: [scenario] })
    if (scenario === 'after-receive') await near.send('message')
    t.like(await child.ended, { ...endedWell, stdout: 'end of module\n' })
  })
}

for (const [scenario, behaviour] of [
  ['receive', 'a pending receive keeps the process'],
  ['iterate', 'a pending iteration keeps the process'],
  ['poll', 'a pending poll keeps the process'],
  ['wait', 'a pending wait keeps the process'],
  ['ref-again', 'ref takes back an unref'],
] as const) {
  test(behaviour, async (t) => {
    const [near, far] = pair(t)
    const [control, childControl] = pair(t)
    const child = startChild(t, 'keep-alive.ts', { ends: [far, childControl], args: [scenario] })
    // The child says so from a timer that does not keep it: it would be gone by then, if the waiting did not keep it.
    t.is(await control.recv(), 'still here')
    await near.send('message')
    t.like(await child.ended, { ...endedWell, stdout: 'end of module\nwoken\n' })
  })
}

for (const scenario of ['end-of-module', 'beforeExit'] as const) {
  test(`messages whose sends were not awaited are delivered before the process ends by itself (sent at ${scenario})`, async (t) => {
    const [near, far] = pair(t)
    const child = startChild(t, 'send-last-words.ts', { ends: [far], args: [scenario, '5000', '1000'] })
    let count = 0
    for await (const message of near.bytes()) {
      if (message.length !== 1000 || message.readUInt32BE() !== count) return t.fail(`message ${count} differs`)
      count++
    }
    t.is(count, 5000)
    t.like(await child.ended, endedWell)
  })
}

for (const scenario of ['exit', 'await-then-exit', 'exit-in-timer'] as const) {
  test(`messages sent before process.exit are delivered as far as the kernel takes them (${scenario})`, async (t) => {
    const [near, far] = pair(t)
    const child = startChild(t, 'send-last-words.ts', { ends: [far], args: [scenario, '20', '100'] })
    let count = 0
    for await (const message of near.bytes()) t.is(message.readUInt32BE(), count++)
    t.is(count, 20)
    t.like(await child.ended, { code: 3, signal: null, stderr: '' })
  })
}
