import { once } from 'node:events'
import test, { type ExecutionContext } from 'ava'
import { type Child, startChild, untilPrinted } from './children.ts'
import { checkDescriptors } from './descriptors.ts'
import { until } from './until.ts'

checkDescriptors(test)

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** A parent with three children, whose ids it has told. */
async function family(t: ExecutionContext, kind: string, then: string): Promise<{ parent: Child; pids: number[] }> {
  const parent = startChild(t, 'parent.ts', { args: [kind, then] })
  let printed = ''
  parent.process.stdout!.on('data', (text: string) => (printed += text))
  await untilPrinted(parent, '.')
  const pids = printed.match(/\d+/g)!.map(Number)
  t.teardown(() => {
    for (const pid of pids) if (alive(pid)) process.kill(pid, 'SIGKILL')
  })
  t.is(pids.length, 3)
  return { parent, pids }
}

const allEnded = (pids: number[]): Promise<void> => until(() => !pids.some(alive), 'children are left behind')

test('daemons that block end with a parent that is killed by SIGKILL', async (t) => {
  const { parent, pids } = await family(t, 'daemon', 'wait')
  t.true(pids.every(alive))
  parent.process.kill('SIGKILL')
  await parent.ended
  await allEnded(pids)
  t.pass()
})

test('daemons do not keep their parent, and end with it', async (t) => {
  const { parent, pids } = await family(t, 'daemon', 'exit')
  t.like(await parent.ended, { code: 0, signal: null, stderr: '' })
  await allEnded(pids)
  t.pass()
})

test('daemons that do not heed SIGTERM end a little later', async (t) => {
  const { parent, pids } = await family(t, 'stubborn', 'exit')
  t.is((await parent.ended).code, 0)
  await allEnded(pids)
  t.pass()
})

test('a parent that exits by itself waits for children that are no daemons', async (t) => {
  const { parent, pids } = await family(t, 'plain', 'exit')
  t.true(pids.every(alive))
  for (const pid of pids) {
    t.is(parent.process.exitCode, null)
    process.kill(pid)
  }
  t.is((await parent.ended).code, 0)
  await allEnded(pids)
})

test('children that are no daemons outlive a parent that is killed', async (t) => {
  const { parent, pids } = await family(t, 'plain', 'wait')
  const exited = once(parent.process, 'exit')
  parent.process.kill('SIGKILL')
  await exited
  t.true(pids.every(alive))
  for (const pid of pids) process.kill(pid, 'SIGKILL')
  await allEnded(pids)
})
