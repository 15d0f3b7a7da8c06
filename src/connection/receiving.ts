/** The connection that a receive path is a part of. */
export interface Receiving {
  /** Throws if this program has closed the connection. */
  assertOpen(): void
  /** Whether `error` says only that this program has closed the connection. */
  endedQuietly(error: unknown): boolean
  /** The first call has begun to wait for a message, or the last has stopped. */
  onAwaited(): void
  /** A message was too long: nothing behind it can be received. */
  onRefused(): void
}

/** How a connection receives, beyond what each call says. */
export interface ReceiveTraits {
  readonly readable: boolean
  /** Whether a receive that would have to wait fails. */
  readonly nonblocking: boolean
  /** Whether more may be taken from the kernel than the message that was asked for. */
  readonly readAhead: boolean
}
