import type { Connection } from 'carom'

interface Request {
  id: number
  args: [number, number]
}

/** Answers each request in its turn. */
export function answer(connection: Connection<Request, object>): Promise<void> {
  return connection.forEach(({ id, args: [a, b] }) => void connection.send({ id, value: a + b }))
}
