import { type OptionNames, owned } from './option-names.js'

export interface ReceiveOptions {
  /** Ends the wait: the call rejects with the signal's reason, and the message is there for the next call. */
  signal?: AbortSignal | undefined
}

/** The options of a call that receives, or accepts. */
export const receiving = (owner: string): OptionNames<ReceiveOptions> => owned<ReceiveOptions>(owner, { signal: true })
