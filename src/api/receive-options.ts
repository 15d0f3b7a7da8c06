import { type OptionNames, owned } from './option-names.js'

/**
 * @example
 * ```ts
 * import { pipe } from 'carom'
 *
 * const [here, there] = pipe()
 * const waited = here.recv({ signal: AbortSignal.timeout(20) })
 * console.log(await waited.catch(() => 'nothing came')) // nothing came
 * await there.send('now')
 * console.log(await here.recv()) // now
 * ```
 */
export interface ReceiveOptions {
  /** Ends the wait: the call rejects with the signal's reason, and the message is there for the next call. Default: none. */
  signal?: AbortSignal | undefined
}

/** The options of a call that receives, or accepts. */
export const receiving = (owner: string): OptionNames<ReceiveOptions> => owned<ReceiveOptions>(owner, { signal: true })
