// When processes had ended at the same moment, a listener of one's end that asked about another met ECHILD.

import test from 'ava'
import { Process, waitSync } from 'carom'
import { checkDescriptors } from '../descriptors.ts'

checkDescriptors(test)

const module = new URL('../fixtures/targets.ts', import.meta.url)

test('of processes that end at the same moment, each can be asked as soon as the first is known to have ended', async (t) => {
  const processes = Array.from({ length: 6 }, () => new Process(module, { target: 'stay' }))
  await Promise.all(processes.map((each) => each.start()))
  const told = processes.map(async (each) => {
    await each.join()
    // The event loop has reaped all of them by now.
    const alive = processes.filter((other) => other.isAlive)
    await Promise.all(processes.map((other) => other.join()))
    return alive.length
  })
  // They end while this process doesn't look.
  for (const each of processes) each.kill()
  for (const each of processes) waitSync([each])
  t.deepEqual(await Promise.all(told), [0, 0, 0, 0, 0, 0])
  for (const each of processes) {
    t.like(each, { isAlive: false, exitCode: null, signalCode: 'SIGKILL' })
    t.true(each.joinSync())
    each.close()
  }
})
