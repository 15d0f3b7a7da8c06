// A producer and a consumer, two processes on one pipe; the producer says with a marker that it is done.
//
// Run it: node --import @oxc-node/core/register examples/producer-consumer/index.ts

import { isMain, pipe, Process, type Connection } from 'carom'

interface Item {
  id: number
  weight: number
}

/** Says that no item follows. The end of the stream without it means that the producer died. */
const END = 'end'

/** One child: sends items, then the end marker. */
export async function producer(connection: Connection<never, Item | typeof END>): Promise<void> {
  for (let id = 1; id <= 1000; id++) {
    // Waits while the consumer is behind: memory stays bounded.
    await connection.send({ id, weight: id / 10 })
  }
  await connection.send(END)
  await connection.close()
}

/** The other: receives them, here with calls that block, which is all that it does. */
export function consumer(connection: Connection<Item | typeof END, never>): void {
  let [count, weight] = [0, 0]
  for (;;) {
    const message = connection.recvSync()
    if (message === END) break
    count++
    weight += message.weight
  }
  console.log(`consumed ${count} items of ${weight.toFixed(1)} kg`)
}

if (isMain(import.meta)) {
  const [receivingEnd, sendingEnd] = pipe({ duplex: false })
  // Each end is open in its child only: if one dies, the other sees the end of the stream.
  const children = [
    new Process(import.meta.url, { target: 'consumer', args: [receivingEnd] }),
    new Process(import.meta.url, { target: 'producer', args: [sendingEnd] }),
  ]
  await Promise.all(children.map((child) => child.start()))
  await Promise.all(children.map((child) => child.join()))
  console.log('both are done')
}
