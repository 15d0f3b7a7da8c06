// The event loop looks for more before it sleeps, where `spin` says so; nothing else waits for that. Each test asks for a second of
// it, many times, and counts processor time, not time: a loop that other things wait for would burn all of those seconds.

import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect, createServer, type AddressInfo } from 'node:net'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import test, { type ExecutionContext } from 'ava'
import { pipe, type Connection } from 'carom'
import { startChild } from './children.ts'
import { checkDescriptors } from './descriptors.ts'
import { pair } from './pairs.ts'

checkDescriptors(test)

const SECOND = 1_000_000
const TIMES = 20

/** A pipe of which one end sends everything back, and whose messages ask for a second of searching. */
function echoing(t: ExecutionContext, spin: number = SECOND): Connection<Buffer> {
  const [here, there] = pair(t, { spin })
  void there.bytes().forEach((message) => there.sendBytes(message))
  return here as Connection<Buffer>
}

/** After a message has come, so that the loop looks for more. */
async function touch(connection: Connection<Buffer>): Promise<void> {
  await connection.sendBytes(Buffer.from('ping'))
  await connection.recvBytes()
}

const others: Record<string, (t: ExecutionContext) => Promise<() => Promise<unknown>> | (() => Promise<unknown>)> = {
  timers: () => () => setTimeout(1),
  immediates: () => () => setImmediate(),
  'the reading of files': () => () => readFile(import.meta.filename),
  'sockets of node:net': async (t) => {
    const server = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    await once(socket, 'connect')
    t.teardown(async () => {
      socket.destroy()
      server.close()
      await once(server, 'close')
    })
    return async () => {
      socket.write('ping')
      await once(socket, 'data')
    }
  },
  'messages of worker threads': async (t) => {
    const worker = new Worker(
      `const { parentPort } = require('node:worker_threads')
       parentPort.on('message', (message) => parentPort.postMessage(message))
       parentPort.postMessage('ready')`,
      { eval: true },
    )
    t.teardown(() => worker.terminate())
    await once(worker, 'message')
    return async () => {
      worker.postMessage('ping')
      await once(worker, 'message')
    }
  },
  'other connections': (t) => {
    const other = echoing(t, 0)
    return () => touch(other)
  },
}

for (const [what, prepare] of Object.entries(others)) {
  test.serial(`a search of a second is no reason for ${what} to wait`, async (t) => {
    const other = await prepare(t)
    const connection = echoing(t)
    const before = process.cpuUsage()
    for (let i = 0; i < TIMES; i++) {
      await touch(connection)
      await other()
    }
    const { user, system } = process.cpuUsage(before)
    t.true(user + system < (TIMES * SECOND) / 2, `${user + system} µs of processor time`)
  })
}

test.serial('timers go on while messages come without a pause, each of which is found by searching', async (t) => {
  const connection = echoing(t)
  const state = { ticks: 0 }
  const timer = setInterval(() => state.ticks++, 1)
  t.teardown(() => clearInterval(timer))
  while (state.ticks < TIMES) await touch(connection)
  t.pass()
})

test.serial('a connection may be closed, and its peer, where a search has found a message', async (t) => {
  const [here, there] = pair(t, { spin: SECOND })
  const done = here.bytes().forEach(() => {
    void here.close()
    void there.close()
  })
  const echo = there.bytes().forEach((message) => there.sendBytes(message))
  await here.sendBytes(Buffer.from('ping'))
  await Promise.all([done, echo])
  t.true(here.closed && there.closed)
})

test.serial('a program that nothing else keeps alive ends, whatever is left of a search', async (t) => {
  const { code, stdout } = await startChild(t, 'long-search.ts').ended
  t.is(code, 0)
  t.true(Number(stdout) < SECOND / 2, `${stdout} µs of processor time between the last message and the end`)
})

test.serial('a worker that searches is terminated', async (t) => {
  const ends = [0, 1, 2].map(() => pipe({ spin: SECOND }))
  const worker = new Worker(new URL('./fixtures/searching-worker.mjs', import.meta.url), {
    workerData: ends.flatMap(([here, there]) => [here.detach(), there.detach()]),
  })
  const [message] = (await once(worker, 'message')) as [string]
  t.is(message, 'searching')
  t.is(await worker.terminate(), 1)
})
