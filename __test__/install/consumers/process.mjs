// Starts a child of this package's `Process`, and uses the modules that are loaded only on use.
import { pipe, Process } from 'carom'

const [here, there] = pipe({ codec: 'pickle' })
const worker = new Process(new URL('worker.mjs', import.meta.url), { target: 'hello', args: [there] })
await worker.start()
console.log(await here.recv())
await worker.join()
worker.close()
await here.close()
