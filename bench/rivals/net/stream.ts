import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A socket and where its bytes go. */
export interface Stream {
  socket: Socket
  /** From now on each chunk that arrives is handed to `take`. */
  onChunk(take: (chunk: Buffer) => void): void
}

/** Sixteen `data` events' worth: one read gets a full socket buffer, as it would in any native program. */
const READ_SIZE = 1024 * 1024

/** The accepting end, which receives nothing but answers and echoes: a plain `data` event does. */
export function accepted(socket: Socket): Stream {
  return { socket, onChunk: (take) => void socket.removeAllListeners('data').on('data', take) }
}

/**
 * The connecting end. With `keepMessages` the chunks are those of `data` events, new memory each time. Otherwise they lie in
 * one buffer of our own (`onread`): faster, but a message must be used before the callback returns.
 */
export async function connected(path: string, keepMessages: boolean): Promise<Stream> {
  let take: (chunk: Buffer) => void = () => {}
  const buffer = Buffer.allocUnsafeSlow(READ_SIZE)
  const onread = {
    buffer,
    callback(count: number) {
      take(buffer.subarray(0, count))
      return true
    },
  }
  const socket = keepMessages ? connect({ path }) : connect({ path, onread })
  await once(socket, 'connect')
  if (keepMessages) return accepted(socket)
  return { socket, onChunk: (next) => void (take = next) }
}
