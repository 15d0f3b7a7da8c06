// A service whose functions are Python's, with numpy arrays both ways. Where the Python process dies, a new one is started.
//
// Run it: PYTHON=<a Python with numpy> node --import @oxc-node/core/register examples/python-functions/index.ts

import { Process } from 'carom'
import { call } from 'carom/calls'
import { ndarray } from 'carom/python'

const MODEL = new URL('./model.py', import.meta.url)

async function started(): Promise<Process> {
  const model = new Process(MODEL, { serve: true })
  await model.start()
  return model
}

let model = await started()

/** Calls a function, in a new process where the old one has ended meanwhile. */
async function ask(name: string, args: unknown[], kwargs?: Record<string, unknown>): Promise<unknown> {
  if (!model.isAlive) {
    console.log(`the model has exited with ${model.exitCode}: it is started anew`)
    model.close()
    model = await started()
  }
  return call(model.remote, name, args, { kwargs, timeout: 60_000 })
}

const samples = new Float64Array([1, 2, 3, 4, 5, 6])
console.log('smooth:', await ask('smooth', [ndarray(samples)], { window: 2 }))
console.log('describe:', await ask('describe', ['model']))

const rows = ndarray(new Float64Array([1, 2, 3, 4, 5, 6, 7, 8]), [4, 2])
for await (const sum of model.remote['batches']!(rows, 2)) console.log('batch:', sum)

try {
  await ask('smooth', ['no array'])
} catch (error) {
  console.log((error as Error).name)
}
await ask('fall_over', []).catch((error: Error) => console.log(error.name))
await model.join()
console.log('smooth:', await ask('smooth', [ndarray(samples)], { window: 6 }))
await model.stop()
