import * as check from './arguments.js'

/**
 * How TCP finds out that a peer's machine is gone; other transports don't need this.
 *
 * @example
 * ```ts
 * import { Listener } from 'carom'
 *
 * const host = '127.0.0.1'
 * const listener = new Listener({ host, port: 0 }, { keepAlive: true, keepAliveInitialDelay: 60_000 })
 * console.log(listener.closed) // false
 * ```
 */
export interface KeepAliveOptions {
  /**
   * Whether the system probes a silent TCP peer, so that the connection ends when the peer's machine is gone. Default `true`.
   */
  keepAlive?: boolean | undefined
  /**
   * After how many silent milliseconds the system probes the peer. Default 0, which is the system's own time, usually two hours. As
   * in `node:net`, only whole seconds count, and ten unanswered probes, a second apart, end the connection.
   */
  keepAliveInitialDelay?: number | undefined
}

export const KEEP_ALIVE_OPTIONS: Record<keyof KeepAliveOptions, true> = {
  keepAlive: true,
  keepAliveInitialDelay: true,
}

/** The time in milliseconds, 0 for the system's; `undefined` for never. */
export function keepAliveTime({ keepAlive = true, keepAliveInitialDelay = 0 }: KeepAliveOptions): number | undefined {
  check.boolean('keepAlive', keepAlive)
  const milliseconds = check.integer('keepAliveInitialDelay', keepAliveInitialDelay, 0, 0x7fffffff)
  return keepAlive ? milliseconds : undefined
}
