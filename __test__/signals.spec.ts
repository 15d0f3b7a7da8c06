import test from 'ava'
import { endedWell, startChild, untilAsleep, type Child } from './children.ts'
import { checkDescriptors } from './descriptors.ts'
import { pair } from './pairs.ts'
import { turns } from './until.ts'
import { patterned } from './wire.ts'

checkDescriptors(test)

/** Signals that the child has a handler for, each of which interrupts the system call in which it waits. */
async function interrupt(child: Child): Promise<void> {
  for (let n = 0; n < 200; n++) {
    if (n % 10 === 0) await untilAsleep(child)
    child.process.kill('SIGUSR2')
    await turns(1)
  }
  await untilAsleep(child)
}

for (const call of ['recvSync', 'pollSync', 'waitSync'] as const) {
  test(`signals that arrive while ${call} waits never surface`, async (t) => {
    const [near, far] = pair(t)
    const child = startChild(t, 'wait-under-signals.ts', { ends: [far], args: [call] })
    t.is(await near.recv(), 'ready')
    await interrupt(child)
    await near.send('the message')
    t.like(await child.ended, { ...endedWell, stdout: 'the message\nthe handler ran\n' })
  })
}

test('signals that arrive while a blocked sendSync waits neither surface nor tear the message', async (t) => {
  const [near, far] = pair(t)
  const child = startChild(t, 'wait-under-signals.ts', { ends: [far], args: ['sendSync'] })
  t.is(await near.recv(), 'ready')
  await interrupt(child)
  t.true(patterned(16 * 1024 * 1024).equals(await near.recvBytes()))
  t.is(await near.recv(), 'after')
  t.like(await child.ended, { ...endedWell, stdout: 'sent\nthe handler ran\n' })
})

test('signals that arrive while the event loop waits never surface', async (t) => {
  const [near, far] = pair(t)
  const child = startChild(t, 'wait-under-signals.ts', { ends: [far], args: ['recv'] })
  t.is(await near.recv(), 'ready')
  await interrupt(child)
  await near.send('the message')
  t.like(await child.ended, { ...endedWell, stdout: 'the message\nthe handler ran\n' })
})
