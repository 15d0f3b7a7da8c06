// Compiled, never run: uses that the typings allow, and with @ts-expect-error uses that they refuse.

import { Connection, pipe, type BufferTooShortError } from 'carom'

interface Request {
  id: number
}

interface Reply {
  text: string
}

/** Compiles only if both are the same type. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare const same: <A, B>(are: Same<A, B>) => void

// Without type arguments everything may be sent, and what comes has to be looked at.
const [a, b] = pipe()
same<typeof a, Connection<unknown, unknown>>(true)
same<typeof b, Connection<unknown, unknown>>(true)
const unknownMessage = await a.recv()
same<typeof unknownMessage, unknown>(true)
// @ts-expect-error: an unknown message is no string
const text: string = await a.recv()

// The ends of a pipe are each other's opposites.
const [client, server] = pipe<Reply, Request>()
same<typeof client, Connection<Reply, Request>>(true)
same<typeof server, Connection<Request, Reply>>(true)

await client.send({ id: 1 })
client.sendSync({ id: 1 })
// @ts-expect-error: the client sends requests
await client.send({ text: 'x' })
// @ts-expect-error: the client sends requests
client.sendSync({ text: 'x' })

same<Awaited<ReturnType<typeof client.recv>>, Reply>(true)
same<ReturnType<typeof client.recvSync>, Reply>(true)
same<ReturnType<typeof client.tryRecv>, Reply | undefined>(true)
for await (const reply of client) same<typeof reply, Reply>(true)
for await (const bytes of client.bytes()) same<typeof bytes extends Buffer ? true : false, true>(true)

// One type argument is for both ways.
const both: Connection<number> = pipe<number>()[0]
same<typeof both, Connection<number, number>>(true)
const adopted = Connection.fromFd<Reply, Request>(3, { readable: true, writable: false, codec: 'json' })
same<typeof adopted, Connection<Reply, Request>>(true)
// @ts-expect-error: a connection of these types is not one of those
const swapped: Connection<Request, Reply> = adopted

// Bytes.
await client.sendBytes(new Uint8Array(1), 0, 1)
await client.sendBytes(new DataView(new ArrayBuffer(1)))
client.sendBytesSync(new ArrayBuffer(1))
// @ts-expect-error: text has no bytes before it is encoded
await client.sendBytes('text')
// @ts-expect-error: neither has a list of numbers
client.sendBytesSync([1, 2, 3])
const buffer: Buffer = await client.recvBytes(1024)
const count: number = await client.recvBytesInto(new Float64Array(4), 8)
const countSync: number = client.recvBytesIntoSync(buffer)
// @ts-expect-error: a size is a number
await client.recvBytes('1024')

// Assignments that the types refuse.
// @ts-expect-error: closed is for reading
client.closed = true
// @ts-expect-error: so is fd
client.fd = 3
// @ts-expect-error: a connection is made by pipe or fromFd
const made = new Connection()

// Options.
pipe({ duplex: false, rnonblock: true, wnonblock: true, highWaterMark: 1, maxMessageSize: 1, spin: 'adaptive' })
pipe({ codec: { encode: (value) => Buffer.from(String(value)), decode: (bytes) => bytes.length }, spin: 50 })
pipe({ codec: 'structured' })
pipe({ codec: 'msgpack' })
pipe({ codec: 'pickle' })
// @ts-expect-error: no such codec
pipe({ codec: 'xml' })
// @ts-expect-error: a codec has both ways
pipe({ codec: { encode: () => Buffer.alloc(0) } })
// @ts-expect-error: no such option
pipe({ duplx: false })
await client.recv({ signal: new AbortController().signal })
await client.recvBytes(undefined, { signal: AbortSignal.timeout(1) })
// @ts-expect-error: a signal is an AbortSignal
await client.recv({ signal: 5 })

// Disposal.
{
  using disposed = client
  await using disposedToo = server
  void [disposed, disposedToo]
}

declare const tooShort: BufferTooShortError
const whole: Buffer = tooShort.data

void [text, swapped, count, countSync, made, whole]
