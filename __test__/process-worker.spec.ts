import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import test from 'ava'
import { checkDescriptors, expectNoMoreDescriptorsThan, openDescriptors } from './descriptors.ts'
import { until } from './until.ts'

checkDescriptors(test)

/** Whether the process runs: `false`, too, where it has ended and was not reaped. */
function runs(pid: number): boolean {
  try {
    return !/\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

if (process.platform === 'linux') {
  test.serial(
    'a worker that starts processes is warned of nothing; terminated, it leaves no descriptor, and its daemon ends',
    async (t) => {
      const warnings: string[] = []
      const onWarning = ({ message }: Error): unknown => warnings.push(message)
      process.on('warning', onWarning)
      t.teardown(() => process.off('warning', onWarning))
      const before = openDescriptors()
      for (let n = 0; n < 3; n++) {
        const worker = new Worker(new URL('./fixtures/processes-in-worker.mjs', import.meta.url), { execArgv: [] })
        const [daemon] = (await once(worker, 'message')) as [number]
        t.true(runs(daemon))
        await worker.terminate()
        await until(() => !runs(daemon), 'the daemon goes on without the thread that has started it')
      }
      await expectNoMoreDescriptorsThan(before)
      t.deepEqual(warnings, [])
    },
  )
}
