import { readdirSync, readFileSync } from 'node:fs'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { type Connection, EOFError, pipe, Process, ProtocolError, waitSync } from 'carom'
import { checkDescriptors, openDescriptors } from './descriptors.ts'
import { random } from './random.ts'
import { until } from './until.ts'

checkDescriptors(test)

const targets = new URL('./fixtures/flood.mjs', import.meta.url)

/** The children of this process, zombies too (Linux). */
function children(): number[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === process.pid
      } catch {
        return false
      }
    })
}

const isSocket = (target: string): boolean => target.startsWith('socket:')
const sockets = (): number => [...openDescriptors().values()].filter(isSocket).length

/** Receives to the end: the numbers come without a gap, then the end, or the end inside a message. */
async function drain(connection: Connection<number>, sync: boolean): Promise<number> {
  let count = 0
  for (;;) {
    try {
      const n = sync ? connection.recvSync() : await connection.recv()
      if (n !== count) throw new Error(`${n} after ${count} messages`)
      count++
    } catch (error) {
      if (error instanceof EOFError || error instanceof ProtocolError) return count
      throw error
    }
  }
}

test('a hundred children are killed at random moments, and nothing is left of them', async (t) => {
  const next = random(t)
  const before = { descriptors: openDescriptors().size, sockets: sockets(), children: children().length }
  let received = 0
  for (let batch = 0; batch < 20; batch++) {
    const families = Array.from({ length: 5 }, () => {
      const [here, there] = pipe<number>()
      const worker = new Process(targets, {
        target: 'flood',
        args: [there, next() < 0.5],
        daemon: next() < 0.5,
        execArgv: [],
      })
      // Killed during its start, a process says so; later, nothing.
      worker.start().catch(() => {})
      return { here, worker, sync: next() < 0.3, delay: next() < 0.2 ? 0 : next() * 150, how: next() }
    })
    const outcomes = families.map(async ({ here, worker, sync, delay, how }) => {
      if (delay > 0) await sleep(delay)
      else await turn()
      if (how < 0.7) worker.kill()
      else worker.terminate()
      // A child that is stopped in a send goes on, and dies, as soon as there is room: blocking or not.
      received += await drain(here, sync)
      if (how < 0.2) waitSync([worker])
      else await worker.join().catch(() => {})
      const signal = how < 0.7 ? 'SIGKILL' : 'SIGTERM'
      t.like(worker, { isAlive: false, exitCode: null, signalCode: signal })
      await here.close()
    })
    await Promise.all(outcomes)
    for (const { worker } of families) worker.close()
  }
  t.log(`${received} messages came before the ends`)
  // Node reaps children that a blocking call waited for when the event loop goes round.
  await until(() => children().length <= before.children, 'children or zombies are left')
  await until(
    () => openDescriptors().size <= before.descriptors && sockets() <= before.sockets,
    () => `${openDescriptors().size} descriptors are open, ${sockets()} of them sockets`,
  )
})
