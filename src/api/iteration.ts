import type { Receive, Take } from '../connection/receive.js'
import type { ReceivePath } from '../connection/receive-path.js'
import { onAbort } from '../event-loop/abort.js'
import * as check from './arguments.js'
import { receiving as receiveOptions, type ReceiveOptions } from './receive-options.js'

/** The messages of a connection, as bytes. Each `Buffer` is the caller's to keep. See {@link Connection.bytes}. */
export interface ByteMessages extends AsyncIterableIterator<Buffer> {
  /** Like the connection's `forEach`, with each message as bytes. */
  forEach(callback: (message: Buffer) => unknown, options?: ReceiveOptions): Promise<void>
}

/** The key under which carom's own calls take a connection's messages. */
export const messages: unique symbol = Symbol('carom.messages')

/** A `forEach` that carom itself has begun. */
export interface Messages {
  /** Rejects at the end of the stream too. Resolves when another receive takes its place while it is idle. */
  readonly done: Promise<void>
  /** Whether no message is expected for now: if so, it keeps nothing alive, and gives way to any other receive. */
  setIdle(idle: boolean): void
}

/** The message itself, in memory that is the caller's. */
export const whole: Take = (chunk, start, end) => chunk.message(start, end)

const FOR_EACH = receiveOptions('forEach')

const END: IteratorReturnResult<undefined> = { value: undefined, done: true }

/** Yields the result of `take` for each message, until the end, or until this program closes the connection. */
export function iterate(receiving: ReceivePath, take: Take): AsyncIterableIterator<unknown> {
  const how: Receive = {
    take: (chunk, start, end, arrived) => ({ value: take(chunk, start, end, arrived), done: false }),
    atEnd: END,
  }
  return {
    next: () => receiving.receive(how) as Promise<IteratorResult<unknown>>,
    return: () => Promise.resolve(END),
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

/** Calls `callback` with the result of `take` for each message. */
export async function forEach(
  receiving: ReceivePath,
  take: Take,
  callback: (value: never) => unknown,
  options: ReceiveOptions | undefined,
): Promise<void> {
  if (typeof callback !== 'function') throw check.invalidType('callback', 'a function', callback)
  const signal = check.abortSignal(check.options(options, FOR_EACH).signal)
  signal?.throwIfAborted()
  const consumer = receiving.consume({ take, atEnd: undefined }, callback as (value: unknown) => unknown)
  if (signal) consumer.settled = onAbort(signal, () => consumer.end({ reason: signal.reason }))
  return consumer.done
}

/** The messages as bytes. */
export function byteMessages(receiving: ReceivePath): ByteMessages {
  return Object.assign(iterate(receiving, whole) as AsyncIterableIterator<Buffer>, {
    forEach: (callback: (message: Buffer) => unknown, options?: ReceiveOptions) =>
      forEach(receiving, whole, callback, options),
  })
}
