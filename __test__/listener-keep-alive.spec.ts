import test from 'ava'
import { connect } from 'carom'
import { endedWell, startChild, untilPrinted } from './children.ts'
import { checkDescriptors } from './descriptors.ts'
import { KEY } from './handshakes.ts'
import { freshPath, rawListener, rawPeer } from './listeners.ts'
import { pair } from './pairs.ts'
import { until } from './until.ts'

checkDescriptors(test)

// A child that would end too early, or stay too long, is found out by its output, by its exit code, or by never ending.

for (const [scenario, behaviour] of [
  ['idle', 'a listener on which nobody waits does not keep the process'],
  ['after-accept', 'a listener on which nobody waits any more does not keep the process'],
  ['after-abort', 'an aborted accept does not keep the process'],
  ['unref-accept', 'an unref’d listener does not keep the process, though an accept is pending'],
  ['unref-later', 'unref lets the process go while an accept is already pending'],
] as const) {
  test(behaviour, async (t) => {
    const path = freshPath(t)
    const child = startChild(t, 'listener-keep-alive.ts', { args: [path, scenario] })
    if (scenario === 'after-accept') {
      await untilPrinted(child, 'listening')
      const client = await connect(path)
      await client.close()
    }
    t.like(await child.ended, { ...endedWell, stdout: 'listening\nend of module\n' })
  })
}

for (const [scenario, behaviour] of [
  ['accept', 'a pending accept keeps the process'],
  ['iterate', 'a pending iteration over clients keeps the process'],
  ['ref-again', 'ref takes back the unref of a listener'],
] as const) {
  test(behaviour, async (t) => {
    const path = freshPath(t)
    const [control, childControl] = pair(t)
    const child = startChild(t, 'listener-keep-alive.ts', { ends: [childControl], args: [path, scenario] })
    // The child says so from a timer that does not keep it: it would be gone by then, if the waiting did not keep it.
    t.is(await control.recv(), 'still here')
    const client = await connect(path)
    t.like(await child.ended, { ...endedWell, stdout: 'listening\nend of module\nwoken\n' })
    await client.close()
  })
}

test('a stalled handshake does not keep a process alive that has no pending accept', async (t) => {
  const path = freshPath(t)
  const child = startChild(t, 'listener-keep-alive.ts', { args: [path, 'stalled'] })
  await untilPrinted(child, 'end of module')
  const peer = await rawPeer(t, path)
  await peer.hear()
  child.process.kill('SIGUSR2')
  t.like(await child.ended, { ...endedWell, stdout: 'listening\nend of module\n' })
  await peer.untilEnded()
})

test('a pending connect keeps the process', async (t) => {
  const [control, childControl] = pair(t)
  const { address, peers } = await rawListener(t)
  const child = startChild(t, 'listener-keep-alive.ts', { ends: [childControl], args: [address, 'connect'] })
  t.is(await control.recv(), 'still here')
  await until(() => peers.length === 1, 'the child is not accepted')
  peers[0]!.say(`no challenge under ${KEY.length} bytes`)
  t.like(await child.ended, { ...endedWell, stdout: 'end of module\nERR_CAROM_AUTHENTICATION\n' })
})
