// Round trips: a question and its answer, again and again, through a socket and through shared memory (Linux).
//
// Run it: node --import @oxc-node/core/register examples/round-trips/index.ts

import { EOFError, isMain, pipe, Process, type Connection, type ConnectionOptions } from 'carom'

const COUNT = 2000

/** The child: answers each number with its square. */
export function squares(connection: Connection<number>): void {
  try {
    for (;;) connection.sendSync(connection.recvSync() ** 2)
  } catch (error) {
    if (!(error instanceof EOFError)) throw error
  }
}

async function ask(transport: ConnectionOptions['transport']): Promise<void> {
  // The child gets the option with its end.
  const [connection, childEnd] = pipe<number>({ transport })
  const child = new Process(import.meta.url, { target: 'squares', args: [childEnd] })
  await child.start()

  let sum = 0
  const begin = performance.now()
  for (let n = 1; n <= COUNT; n++) {
    connection.sendSync(n)
    sum += connection.recvSync()
  }
  const each = ((performance.now() - begin) / COUNT) * 1000
  console.log(`${connection.transport}: the squares up to ${COUNT} add up to ${sum}`)
  console.log(`${connection.transport}: ${each.toFixed(1)} µs a round trip`)

  await connection.close()
  await child.join()
}

if (isMain(import.meta)) {
  await ask('socket')
  if (process.platform === 'linux') await ask('shared-memory')
}
