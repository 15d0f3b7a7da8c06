// Answers every request on descriptor 3, until the requester closes.

import { Connection } from 'carom'
import type { Reply, Request } from './messages.ts'

const operations: Record<Request['operation'], (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  multiply: (a, b) => a * b,
  divide: (a, b) => {
    if (b === 0) throw new RangeError('division by zero')
    return a / b
  },
}

const connection = Connection.fromFd<Request, Reply>(3)

for await (const { operation, operands } of connection) {
  try {
    await connection.send({ ok: true, result: operands.reduce(operations[operation]) })
  } catch (error) {
    // Errors are values like others: they arrive with their type and message.
    await connection.send({ ok: false, error: error as Error })
  }
}
