import { os } from '../native/builtins.js'
import type { Address } from './address.js'
import { integer, invalid, invalidType, outOfRange } from './arguments.js'
import { SystemError } from './errors.js'

/**
 * How messages reach the peer.
 *
 * @example
 * ```ts
 * import { pipe } from 'carom'
 *
 * const [here, there] = pipe({ transport: 'shared-memory', ringSize: 64 * 1024 })
 * await here.send('through memory that both ends map')
 * console.log(here.transport, await there.recv()) // shared-memory through memory that both ends map
 * ```
 */
export interface TransportOptions {
  /**
   * Default `'socket'`: through the descriptor. `'shared-memory'`: through memory that both processes map, without a
   * system call while both are awake; on Linux, between processes of one machine, and with the same option at both ends: of
   * `pipe`, of a `Listener` and `connect` at a Unix socket, or of `fromFd` with such an end's descriptor. It begins when an end is first used: until then its descriptor can be inherited and adopted, afterwards `detach` is refused.
   */
  transport?: 'socket' | 'shared-memory' | undefined
  /**
   * How many bytes of shared memory each direction has, from 4096 to 1 GiB, rounded up to a power of two; with `transport:
   * 'shared-memory'` only. Default 1,048,576. The end that makes the memory decides: `pipe`, or `connect`; an end of another size
   * takes it as it is, up to 64 MiB or twice its own, whichever is more.
   */
  ringSize?: number | undefined
}

export const TRANSPORT_OPTIONS: Record<keyof TransportOptions, true> = { transport: true, ringSize: true }

const DEFAULT = 1024 * 1024
const LEAST = 4096
const MOST = 1024 * 1024 * 1024

/** The bytes of shared memory for each direction; 0 where messages go through the descriptor. */
export function ringSizeOf({ transport, ringSize }: TransportOptions, readAhead: boolean): number {
  if (transport !== undefined && transport !== 'socket' && transport !== 'shared-memory') {
    const expected = "'socket' or 'shared-memory'"
    throw typeof transport === 'string'
      ? outOfRange('transport', expected, transport)
      : invalidType('transport', expected, transport)
  }
  if (transport !== 'shared-memory') {
    if (ringSize === undefined) return 0
    throw invalid("ringSize is the size of shared memory: it needs transport: 'shared-memory'")
  }
  const size = ringSize === undefined ? DEFAULT : integer('ringSize', ringSize, LEAST, MOST)
  if (!readAhead) {
    throw invalid(
      "readAhead: false is for an end from which several processes receive, and shared memory has one receiver: leave out one of readAhead and transport: 'shared-memory'",
    )
  }
  if (process.platform !== 'linux') throw unsupported()
  return 2 ** Math.ceil(Math.log2(size))
}

function unsupported(): SystemError {
  const { ENOTSUP = 45 } = os().constants.errno as { ENOTSUP?: number }
  return new SystemError(
    `transport: 'shared-memory' needs memory that can be sealed, which ${process.platform} has not: leave it out to use a socket (ENOTSUP)`,
    'ENOTSUP',
    -ENOTSUP,
    'memfd_create',
  )
}

/** Throws where the two ends of a connection by way of `address` may have no memory in common. */
export function assertShares(ringSize: number, address: Address | undefined): void {
  if (ringSize === 0 || address === undefined || typeof address === 'string') return
  throw invalid(
    "transport: 'shared-memory' is for two processes of one machine, by a Unix socket (a path): a TCP address can't have it",
  )
}

/** Whether a peer's description of an object that it sends says that it has shared memory. */
export function isShared(described: unknown): boolean {
  return (described as TransportOptions | null | undefined)?.transport === 'shared-memory'
}
