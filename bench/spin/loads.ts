import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'

import type { Connection, ConnectionOptions } from 'carom'

import { program } from '../places.ts'

/** A message to the far process, which answers with the same. */
export interface Message {
  /** Milliseconds that the far process works before it answers. */
  busy?: number
  /** It is not answered. */
  silent?: boolean
}

/** The work of the near process. */
export interface Load {
  /** Sends messages until `end`, as `Date.now()` tells it; the latencies in milliseconds. */
  run(connection: Connection, end: number): Promise<number[]>
  /** How many pairs of processes do so at the same time; by default one. */
  pairs?: number
}

export const loads: Record<string, Load> = {
  'round trips': { run: roundTrips({}) },
  '5 ms of round trips, 15 ms of nothing': { run: onAndOff },
  'a peer that takes 20 µs': { run: roundTrips({ busy: 0.02 }) },
  'a peer that takes 40 µs': { run: roundTrips({ busy: 0.04 }) },
  'a peer that takes 200 µs': { run: roundTrips({ busy: 0.2 }) },
  'asking after 0 to 400 µs': { run: irregular(false) },
  'telling after 0 to 400 µs': { run: irregular(true) },
  'round trips, 4 pairs': { run: roundTrips({}), pairs: 4 },
  'round trips, 16 pairs': { run: roundTrips({}), pairs: 16 },
  'HTTP beside round trips': { run: httpBeside },
  'timers beside round trips': { run: timersBeside },
  nothing: { run: nothing },
}

/** What the words of the command line say of the connection that is measured. */
export function optionsOf(spin: string, transport: string): ConnectionOptions {
  return {
    codec: 'json',
    spin: spin === 'adaptive' ? spin : Number(spin),
    ...(transport === 'shared-memory' ? { transport } : {}),
  }
}

function roundTrips(message: Message) {
  return async (connection: Connection, end: number): Promise<number[]> => {
    const latencies: number[] = []
    while (Date.now() < end) latencies.push(await roundTrip(connection, message))
    return latencies
  }
}

async function roundTrip(connection: Connection, message: Message): Promise<number> {
  const begin = performance.now()
  await connection.send(message)
  await connection.recv()
  return performance.now() - begin
}

async function onAndOff(connection: Connection, end: number): Promise<number[]> {
  const latencies: number[] = []
  while (Date.now() < end) {
    const off = performance.now() + 5
    while (performance.now() < off) latencies.push(await roundTrip(connection, {}))
    await setTimeout(15)
  }
  return latencies
}

const never = new Int32Array(new SharedArrayBuffer(4))

/** Messages after 0 to 400 microseconds, from which no spinning can learn anything. */
function irregular(silent: boolean) {
  return async (connection: Connection, end: number): Promise<number[]> => {
    const latencies: number[] = []
    while (Date.now() < end) {
      Atomics.wait(never, 0, 0, Math.random() * 0.4)
      if (silent) {
        connection.sendSync({ silent })
        latencies.push(0)
      } else latencies.push(await roundTrip(connection, {}))
    }
    return latencies
  }
}

/** The latencies are those of requests to a server in this process, which makes round trips at the same time. */
async function httpBeside(connection: Connection, end: number): Promise<number[]> {
  const server = createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = new Worker(program('spin/client'), { workerData: { port, end } })
  const answered = once(client, 'message') as Promise<[number[]]>
  await roundTrips({})(connection, end)
  const [latencies] = await answered
  server.closeAllConnections()
  server.close()
  await client.terminate()
  return latencies
}

/** The latencies are by how much timers of a millisecond are late. */
async function timersBeside(connection: Connection, end: number): Promise<number[]> {
  const late: number[] = []
  const timing = async () => {
    while (Date.now() < end) {
      const begin = performance.now()
      await setTimeout(1)
      late.push(performance.now() - begin - 1)
    }
  }
  await Promise.all([timing(), roundTrips({})(connection, end)])
  return late
}

async function nothing(_: Connection, end: number): Promise<number[]> {
  await setTimeout(end - Date.now())
  return []
}
