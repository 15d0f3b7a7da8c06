// Requests and replies over a duplex pipe, and a child that is terminated at the end.
//
// Run it: node --import @oxc-node/core/register examples/request-reply/index.ts

import { isMain, pipe, Process, type Connection } from 'carom'

interface Request {
  operation: 'add' | 'multiply' | 'divide'
  operands: number[]
}

type Reply = { ok: true; result: number } | { ok: false; error: Error }

const operations: Record<Request['operation'], (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  multiply: (a, b) => a * b,
  divide: (a, b) => {
    if (b === 0) throw new RangeError('division by zero')
    return a / b
  },
}

/** The child: answers every request. */
export async function replier(connection: Connection<Request, Reply>): Promise<void> {
  for await (const { operation, operands } of connection) {
    try {
      await connection.send({ ok: true, result: operands.reduce(operations[operation]) })
    } catch (error) {
      // Errors are values like others: they arrive with their type and message.
      await connection.send({ ok: false, error: error as Error })
    }
  }
}

if (isMain(import.meta)) {
  const [connection, childEnd] = pipe<Reply, Request>()
  const child = new Process(import.meta.url, { target: 'replier', args: [childEnd] })
  await child.start()

  const request = async (operation: Request['operation'], ...operands: number[]): Promise<void> => {
    await connection.send({ operation, operands })
    const reply = await connection.recv()
    const outcome = reply.ok ? reply.result : reply.error.message
    console.log(`${operation}(${operands.join(', ')}): ${outcome}`)
  }

  await request('add', 1, 2, 3)
  await request('multiply', 4, 5)
  await request('divide', 1, 0)
  await request('divide', 1, 8)

  // It would go on as long as the connection is open.
  child.terminate()
  await child.join()
  console.log(`the replier was ended by ${child.signalCode}`)
}
