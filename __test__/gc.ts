// The engine's garbage collector, on demand.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')

/** Collects all garbage. Finalizers, which close the collected connections, run a turn later at the earliest. */
export const gc = runInNewContext('gc') as () => void
