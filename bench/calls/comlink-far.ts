import { parentPort, workerData } from 'node:worker_threads'

import { comlinkOf } from './comlink.ts'
import { add, give, take } from './service.ts'

const { comlink, nodeEndpoint } = comlinkOf(workerData as string)
comlink.expose({ add, give, take }, nodeEndpoint(parentPort))
