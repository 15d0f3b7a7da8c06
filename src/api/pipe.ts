import { boolean, options as given } from './arguments.js'
import { ringPair, socketPair } from '../native/binding.js'
import { Connection } from './connection.js'
import { environmentOf } from '../event-loop/environment.js'
import { type OptionNames, owned } from './option-names.js'
import { CONNECTION_OPTIONS, type ConnectionOptions, settings } from './options.js'
import { checked } from '../native/status.js'

/**
 * @example
 * ```ts
 * import { pipe, WouldBlockError } from 'carom'
 *
 * const [receiver, sender] = pipe({ duplex: false, rnonblock: true, wnonblock: true })
 * try {
 *   await receiver.recv()
 * } catch (error) {
 *   if (error instanceof WouldBlockError) console.log(error.code, sender.readable) // EAGAIN false
 * }
 * ```
 */
export interface PipeOptions extends ConnectionOptions {
  /** Whether both ends send and receive. If not, the first only receives and the second only sends. Default `true`. */
  duplex?: boolean | undefined
  /** Makes the first end non-blocking: a call that would have to wait fails with a `WouldBlockError`. Default `false`. */
  rnonblock?: boolean | undefined
  /** Makes the second end non-blocking. Default `false`. */
  wnonblock?: boolean | undefined
}

const PIPE: OptionNames<PipeOptions> = owned('pipe', {
  ...CONNECTION_OPTIONS,
  duplex: true,
  rnonblock: true,
  wnonblock: true,
})

/**
 * Two connected ends.
 *
 * @example
 * ```ts
 * import { pipe } from 'carom'
 *
 * const [here, there] = pipe<string, number>()
 * await here.send(12)
 * await there.send(`${(await there.recv()) ** 2} is its square`)
 * console.log(await here.recv()) // 144 is its square
 * ```
 */
export function pipe<TRecv = unknown, TSend = TRecv>(
  options?: PipeOptions,
): [Connection<TRecv, TSend>, Connection<TSend, TRecv>] {
  const { duplex = true, rnonblock = false, wnonblock = false } = given(options, PIPE)
  boolean('duplex', duplex)
  boolean('rnonblock', rnonblock)
  boolean('wnonblock', wnonblock)
  // Checked before there are descriptors that an error would leave open.
  const { ringSize } = settings(options)
  environmentOf()
  const made = checked(() => (ringSize > 0 ? ringPair(ringSize) : socketPair(!duplex)))
  const [first, second] = made as [number, number]
  const ends: [Connection<TRecv, TSend>, Connection<TSend, TRecv>] = [
    Connection.adopt(first, options, { nonblocking: rnonblock, readable: true, writable: duplex }),
    Connection.adopt(second, options, { nonblocking: wnonblock, readable: duplex, writable: true }),
  ]
  Connection.pair(...(ends as [never, never]))
  return ends
}
