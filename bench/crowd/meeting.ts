import { once } from 'node:events'
import { connect as connectSocket, createServer, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'

import { connect, Listener } from 'carom'

import type { End } from '../rival.ts'
import { AsyncEnd } from '../rivals/carom-async.ts'
import { syncEnd } from '../rivals/carom-sync.ts'
import { CallbackEnd } from '../rivals/net/callback-end.ts'
import { accepted, type Stream } from '../rivals/net/stream.ts'
import { jsonLines } from '../rivals/net/value-codec.ts'

/** How many ends of one process meet those of another. */
export interface Meeting {
  /** Listens at `path`; returns a function that gives the next end that has been connected. */
  listen(path: string): Promise<{ accept(): Promise<End>; close(): void }>
  connect(path: string): Promise<End>
  /** Whether a process waits for all of its ends at once, or blocks on one. */
  waits: boolean
}

export function meetingNamed(rival: string): Meeting {
  const meeting = meetings[rival]
  if (!meeting) throw new RangeError(`no rival with many connections is called ${JSON.stringify(rival)}`)
  return meeting
}

const meetings: Record<string, Meeting> = {
  'carom async': {
    async listen(path) {
      const listener = new Listener(path)
      return { accept: async () => new AsyncEnd(await listener.accept()), close: () => void listener.close() }
    },
    connect: async (path) => new AsyncEnd(await connect(path)),
    waits: true,
  },
  'carom sync': {
    async listen(path) {
      const listener = new Listener(path)
      return { accept: async () => syncEnd(listener.acceptSync()), close: () => void listener.close() }
    },
    connect: async (path) => syncEnd(await connect(path)),
    waits: false,
  },
  'node:net, callbacks': {
    async listen(path) {
      const sockets: Socket[] = []
      let arrived: () => void = () => {}
      const server = createServer((socket) => {
        sockets.push(socket)
        arrived()
      }).listen({ path, backlog: BACKLOG })
      await once(server, 'listening')
      return {
        async accept() {
          while (sockets.length === 0) await new Promise<void>((resolve) => void (arrived = resolve))
          return new CallbackEnd(accepted(sockets.shift()!), jsonLines)
        },
        close: () => void server.close(),
      }
    },
    connect: async (path) => new CallbackEnd(await connectedOfMany(path), jsonLines),
    waits: true,
  },
}

/** More than the default: a Unix socket refuses a client that it can't queue. */
const BACKLOG = 4096

/** A buffer of its own to receive into, as the only socket of a process has, would be wasted on an idle one of many. */
async function connectedOfMany(path: string): Promise<Stream> {
  for (;;) {
    const socket = connectSocket({ path })
    try {
      await once(socket, 'connect')
      return accepted(socket)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      await setTimeout(1)
    }
  }
}
