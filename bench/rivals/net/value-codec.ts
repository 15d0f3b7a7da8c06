import { Packr } from 'msgpackr'

import { FrameReader } from './frame-reader.ts'
import { FrameWriter } from './frame-writer.ts'
import { LineReader } from './line-reader.ts'
import { LineWriter } from './line-writer.ts'
import type { Stream } from './stream.ts'

/** How values cross a socket, in batches. */
export interface ValueCodec {
  /** Takes a value. When it returns `false`, wait for the socket's `drain` before the next. */
  writer(stream: Stream): { write(value: object): boolean; flush(): boolean }
  /** Finds the values in the chunks that it reads. */
  reader(deliver: (value: object) => void): { read(chunk: Buffer): void }
}

/** Lines of JSON. */
export const jsonLines: ValueCodec = {
  writer: ({ socket }) => new LineWriter(socket),
  reader: (deliver) => new LineReader(deliver),
}

/** Frames of MessagePack. On a stream, the names of an object's properties need to cross only once (`sequential`). */
export const msgpackFrames: ValueCodec = {
  writer({ socket }) {
    const packr = new Packr({ sequential: true })
    const frames = new FrameWriter(socket)
    return { write: (value) => frames.write(packr.pack(value)), flush: () => frames.flush() }
  },
  reader(deliver) {
    const packr = new Packr({ sequential: true })
    return new FrameReader((frame) => deliver(packr.unpack(frame) as object))
  },
}
