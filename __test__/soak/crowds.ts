// Ten thousand clients that are accepted and used at once; and thousands that have no key, or stall, beside an honest one.

import { once } from 'node:events'
import { connect as connectSocket, type Socket } from 'node:net'
import { type Connection, connect, Listener, pipe, Process } from 'carom'
import { Sampler, type Sample } from './samples.ts'

const KEY = 'soak'

export interface CrowdReport {
  clients: number
  /** Until all were accepted and had their answers, in milliseconds. */
  milliseconds: number
  before: Sample
  open: Sample
  after: Sample
}

/** The target of a child: `count` clients, each of which sends its number and waits for an answer before any is closed. */
export async function clients(control: Connection, address: string, count: number, first: number): Promise<void> {
  const connections: Connection[] = []
  for (let n = 0; n < count; n++) {
    const connection = await connect(address)
    await connection.send(first + n)
    if ((await connection.recv()) !== first + n) throw new Error(`client ${first + n} has another one's answer`)
    connections.push(connection)
  }
  await control.send('open')
  await control.recv()
  // All of them are still in use.
  for (const connection of connections) await connection.send('again')
  for (const connection of connections) if ((await connection.recv()) !== 'again') throw new Error('another answer')
  for (const connection of connections) await connection.close()
  await control.close()
}

async function echo(connection: Connection): Promise<void> {
  for await (const message of connection) await connection.send(message)
  await connection.close()
}

export async function crowd(count: number): Promise<CrowdReport> {
  using sampler = new Sampler(60_000)
  const listener = new Listener(undefined, { backlog: 4096 })
  const before = await sampler.quiet()
  const served: Promise<void>[] = []
  void (async () => {
    for await (const connection of listener) served.push(echo(connection))
  })()
  const begin = performance.now()
  const share = Math.ceil(count / 4)
  const children = Array.from({ length: 4 }, (_, n) => {
    const [here, there] = pipe()
    const args = [there, listener.address, share, n * share]
    const child = new Process(import.meta.url, { target: 'clients', args })
    child.start().catch(() => {})
    return { here, child }
  })
  for (const { here } of children) await here.recv()
  const milliseconds = Math.round(performance.now() - begin)
  const open = await sampler.quiet()
  for (const { here } of children) await here.send('go on')
  for (const { here, child } of children) {
    await child.join()
    if (child.exitCode !== 0) throw new Error(`a child of the crowd exited with ${child.exitCode}`)
    child.close()
    await here.close()
  }
  await Promise.all(served)
  if (served.length !== share * 4) throw new Error(`${served.length} of ${share * 4} clients were accepted`)
  await listener.close()
  return { clients: served.length, milliseconds, before, open, after: await sampler.quiet(before) }
}

export interface FloodReport {
  flood: number
  refused: number
  /** How long the honest client took to be let in and answered, in milliseconds. */
  honest: { count: number; median: number; longest: number }
  before: Sample
  after: Sample
}

/** The target of a child: `count` sockets that say nothing, or garbage, or a part of a message, and stay. */
export async function flooders(control: Connection, path: string, count: number): Promise<void> {
  const sockets: Socket[] = []
  const sayings = [
    undefined,
    'GET / HTTP/1.1\r\n\r\n',
    Buffer.of(0, 0),
    Buffer.of(0x7f, 0xff, 0xff, 0xff),
    Buffer.alloc(300),
  ]
  for (let n = 0; n < count; n++) {
    const socket = connectSocket(path).on('error', () => {})
    await Promise.race([once(socket, 'connect'), once(socket, 'close')])
    const saying = sayings[n % sayings.length]
    if (saying !== undefined) socket.write(saying)
    sockets.push(socket)
  }
  await control.send('flooded')
  await control.recv()
  for (const socket of sockets) socket.destroy()
  await control.close()
}

export async function flood(count: number): Promise<FloodReport> {
  using sampler = new Sampler(60_000)
  const listener = new Listener(undefined, { authkey: KEY, backlog: 4096, handshakeTimeout: 60_000 })
  const before = await sampler.quiet()
  let refused = 0
  listener.on('authenticationFailure', () => refused++)
  void (async () => {
    for await (const connection of listener) void echo(connection)
  })()
  const [here, there] = pipe()
  const args = [there, listener.address, count]
  const child = new Process(import.meta.url, { target: 'flooders', args })
  child.start().catch(() => {})
  const times: number[] = []
  while (!(await here.poll()) || times.length < 20) {
    const begin = performance.now()
    const honest = await connect(listener.address, { authkey: KEY, timeout: 600_000 })
    await honest.send('honest')
    if ((await honest.recv()) !== 'honest') throw new Error('the honest client has another answer')
    await honest.close()
    times.push(performance.now() - begin)
  }
  await here.send('go on')
  await child.join()
  child.close()
  await here.close()
  await listener.close()
  times.sort((a, b) => a - b)
  const honest = {
    count: times.length,
    median: Math.round(times[times.length >> 1]!),
    longest: Math.round(times.at(-1)!),
  }
  return { flood: count, refused, honest, before, after: await sampler.quiet(before) }
}
