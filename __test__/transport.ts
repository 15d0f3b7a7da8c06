// The transport of the specs' pipes. With `CAROM_TEST_TRANSPORT=shared-memory` in the environment, those specs that hold for every
// transport run over shared memory, in their child processes too.

import type { ConnectionOptions } from 'carom'

export const overSharedMemory: boolean =
  process.env['CAROM_TEST_TRANSPORT'] === 'shared-memory' && process.platform === 'linux'

/** The option of both ends of a pipe. */
export const TRANSPORT: Pick<ConnectionOptions, 'transport'> = overSharedMemory ? { transport: 'shared-memory' } : {}
