import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { End, Rival } from '../../rival.ts'
import { CallbackEnd } from './callback-end.ts'
import { IteratedEnd } from './iterated-end.ts'
import { accepted, connected, type Stream } from './stream.ts'
import { jsonLines, type ValueCodec } from './value-codec.ts'

/** A Unix socket by `node:net`, at its fastest: messages are handed to a callback, out of a buffer that is used again. */
export const netCallback = (codec: ValueCodec = jsonLines) => net(false, (stream) => new CallbackEnd(stream, codec))

/** The same with what carom promises: a received message is the receiver's to keep, and one iterates and awaits. */
export const netIterated = (codec: ValueCodec = jsonLines) => net(true, (stream) => new IteratedEnd(stream, codec))

function net(keepMessages: boolean, end: (stream: Stream) => End): Rival {
  return {
    async open(far) {
      const folder = await mkdtemp(join(tmpdir(), 'carom-bench-'))
      const path = join(folder, 'net')
      const server = createServer().listen(path)
      await once(server, 'listening')
      const child = spawn(process.execPath, [...process.execArgv, far.file, ...far.args, path], {
        stdio: ['ignore', 'inherit', 'inherit'],
      })
      const [socket] = (await once(server, 'connection')) as [Socket]
      server.close()
      await rm(folder, { recursive: true })
      return { end: end(accepted(socket)), child }
    },
    async join([path = '']) {
      return end(await connected(path, keepMessages))
    },
  }
}
