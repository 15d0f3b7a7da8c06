import { type Connection, EOFError, pipe } from 'carom'

const [a, b]: [Connection, Connection] = pipe()
await a.send(new Map([['by', 'TypeScript']]))
const received: unknown = await b.recv()
console.log(received)
await a.close()
const ended: boolean = await b.recv().then(
  () => false,
  (error: unknown) => error instanceof EOFError,
)
console.log(ended)
b.close()
