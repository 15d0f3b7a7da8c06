import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { arrayBuffer, json } from 'node:stream/consumers'

import { program, root } from '../places.ts'
import { WINDOW } from './window.ts'
import type { Programs, Way } from './way.ts'

/** `node:http` at both ends. */
export function openNodeServer(): Promise<Way> {
  return open(process.execPath, [...process.execArgv, program('calls/http-far')])
}

/** `node:http` here, and Python's `http.server` with a thread a connection. */
export function openPythonServer({ python }: Programs): Promise<Way> {
  return open(python, [join(root, 'bench/calls/python/http_server.py')])
}

/** Connections are kept alive, as many as calls are under way; numbers go as JSON, arrays as bytes. */
async function open(command: string, args: readonly string[]): Promise<Way> {
  const child: ChildProcess = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout!, 'data')) as [Buffer]
  const agent = new Agent({ keepAlive: true, maxSockets: WINDOW })
  const port = Number(line.toString())
  const ask = async (path: string, body: string | Uint8Array): Promise<IncomingMessage> => {
    const headers = { 'content-length': Buffer.byteLength(body) }
    const asked: ClientRequest = request({ agent, host: '127.0.0.1', port, path, method: 'POST', headers })
    asked.end(body)
    const [response] = (await once(asked, 'response')) as [IncomingMessage]
    return response
  }
  return {
    add: async (a, b) => (await json(await ask('/add', JSON.stringify([a, b])))) as number,
    give: async (array) => (await json(await ask('/give', new Uint8Array(array.buffer)))) as [number, number],
    take: async () => new Float64Array(await arrayBuffer(await ask('/take', ''))),
    async close() {
      agent.destroy()
      const exited = once(child, 'exit')
      child.kill()
      await exited
    },
  }
}
