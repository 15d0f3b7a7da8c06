import { isGeneratorObject } from 'node:util/types'

import { isTransferable } from '../wire/transferable.js'
import { within } from './current.js'
import { END, ITEM, type Message, STREAM } from './messages.js'
import type { Running } from './running.js'

/** Anything that yields items one after the other. */
type Items = Iterator<unknown> | AsyncIterator<unknown>

/** The items of a function's result, if that is a stream. A connection counts as a value: it is handed over, not read. */
export function itemsOf(result: unknown): Items | undefined {
  if (typeof result !== 'object' || result === null || isTransferable(result)) return undefined
  if (isGeneratorObject(result)) return result as unknown as Items
  const begin = (result as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator]
  return typeof begin === 'function' ? begin.call(result as AsyncIterable<unknown>) : undefined
}

/**
 * Sends the items of a stream, each once the caller has given credit for it and the connection has room. If the call is given up,
 * or an item can't be sent, the stream is closed.
 */
export async function sendItems(
  running: Running,
  items: Items,
  post: (message: Message) => Promise<void>,
): Promise<void> {
  const { id } = running
  let over = false
  try {
    await post([STREAM, id])
    for (;;) {
      await running.takeCredit()
      const { value, done } = await within(running, () => items.next())
      if (done) break
      await post([ITEM, id, value])
    }
    over = true
    await post([END, id])
  } finally {
    if (!over) await end(items)
  }
}

async function end(items: Items): Promise<void> {
  try {
    await items.return?.()
  } catch {
    // The caller is gone, so there is nobody to report this to.
  }
}
