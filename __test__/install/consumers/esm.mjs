import { pipe } from 'carom'

const [a, b] = pipe()
await a.send({ by: 'import' })
console.log(await b.recv())
await Promise.all([a.close(), b.close()])
