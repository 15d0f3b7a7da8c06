// A process that had ended before its target was sent to it: the error of that send was not caught.

import test from 'ava'
import { Process, StartError } from 'carom'
import { checkDescriptors } from '../descriptors.ts'

checkDescriptors(test)

test('a process that ends before it has its target fails to start, and nothing else fails', async (t) => {
  const { signal } = new AbortController()
  // Listened to between the start of the program and the first message to it: by then, the program has ended.
  signal.addEventListener = (...args: Parameters<typeof signal.addEventListener>) => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000)
    AbortSignal.prototype.addEventListener.apply(signal, args)
  }
  const module = new URL('../fixtures/targets.ts', import.meta.url)
  const process = new Process(module, { execArgv: ['--no-such-option'], stdio: 'ignore', signal })
  await t.throwsAsync(() => process.start(), { instanceOf: StartError, message: /exited with 9 before/ })
  process.close()
})
