// Compiled, never run: uses that the typings of listeners and clients allow, and with @ts-expect-error uses that they refuse.

import {
  Client,
  connect,
  connectSync,
  Listener,
  type Address,
  type AuthenticationError,
  type Connection,
  type ConnectOptions,
  type Digest,
  type Family,
  type ListenerOptions,
} from 'carom'

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
const listener = new Listener()
same<Awaited<ReturnType<typeof listener.accept>>, Connection<unknown, unknown>>(true)
same<ReturnType<typeof listener.acceptSync>, Connection<unknown, unknown>>(true)
for await (const connection of listener) same<typeof connection, Connection<unknown, unknown>>(true)

// A listener's type arguments are those of its connections, a client's are the opposite.
const server = new Listener<Request, Reply>('/tmp/a.sock')
for await (const connection of server) {
  same<typeof connection, Connection<Request, Reply>>(true)
  const { id } = await connection.recv()
  await connection.send({ text: String(id) })
  // @ts-expect-error: the server sends replies
  await connection.send({ id })
}
const client = await connect<Reply, Request>(server.address)
same<typeof client, Connection<Reply, Request>>(true)
const clientSync = connectSync<Reply, Request>(server.address)
same<typeof clientSync, Connection<Reply, Request>>(true)
const aliased: Connection<Reply, Request> = await Client<Reply, Request>(server.address)

// Addresses.
const addresses: Address[] = ['/tmp/a.sock', '\0name', { host: 'localhost', port: 0 }]
// @ts-expect-error: an address without a port
await connect({ host: 'localhost' })
// @ts-expect-error: a port is a number
void new Listener({ host: 'localhost', port: '5' })
// @ts-expect-error: nowhere to connect to
await connect()
const families: Family[] = ['AF_UNIX', 'AF_INET', 'AF_PIPE']
// @ts-expect-error: no such family
void new Listener(undefined, { family: 'AF_INET6' })
const last: Address | undefined = listener.lastAccepted

// Options.
const listenerOptions: ListenerOptions = {
  family: 'AF_UNIX',
  backlog: 5,
  mode: 0o660,
  authkey: 'secret',
  digests: ['sha256'],
  dialect: 'modern',
  handshakeTimeout: 1000,
  codec: 'pickle',
}
const connectOptions: ConnectOptions = {
  family: 'AF_INET',
  authkey: new Uint8Array(32),
  timeout: 1000,
  signal: AbortSignal.timeout(1),
  handshakeTimeout: 1000,
  highWaterMark: 1,
}
const digests: Digest[] = ['md5', 'sha256', 'sha384', 'sha3_256', 'sha3_384']
void new Listener(undefined, { authkey: new ArrayBuffer(5), digests })
// Any option but the key may be undefined.
void new Listener(undefined, { backlog: undefined, family: undefined, mode: undefined })
// @ts-expect-error: a variable that may not be set is no key
void new Listener(undefined, { authkey: process.env['AUTHKEY'] })
// @ts-expect-error: no option has this name; did you mean authkey?
void new Listener(undefined, { authKey: 'secret' })
// @ts-expect-error: a receive ends by a signal
await listener.accept({ timeout: 5 })
// @ts-expect-error: options are the second argument
await connect({ host: 'localhost', port: 5, authkey: 'secret' })
await connect('/tmp/a.sock', { timeout: undefined, signal: undefined })
// @ts-expect-error: a key is text or bytes
void new Listener(undefined, { authkey: 5 })
// @ts-expect-error: no such digest
void new Listener(undefined, { authkey: 'secret', digests: ['sha1'] })
// @ts-expect-error: no such dialect
await connect('/tmp/a.sock', { dialect: 'legacy' })
// @ts-expect-error: a listener has no timeout
void new Listener(undefined, { timeout: 5 })
// @ts-expect-error: a client has no backlog
await connect('/tmp/a.sock', { backlog: 5 })
// @ts-expect-error: a blocking call cannot be aborted
connectSync('/tmp/a.sock', { signal: AbortSignal.timeout(1) })
await listener.accept({ signal: AbortSignal.timeout(1) })

// Events.
listener.on('authenticationFailure', (error: Error, address: Address | undefined) => void [error, address])
declare const refused: AuthenticationError
const reason: string = refused.reason

// Assignments that the types refuse.
// @ts-expect-error: the address is for reading
listener.address = '/tmp/b.sock'
// @ts-expect-error: so is closed
listener.closed = true

// ref and unref are chained.
same<ReturnType<typeof listener.ref>, Listener<unknown, unknown>>(true)
const unreferenced: Listener = new Listener().unref()

// Disposal.
{
  using disposed = new Listener()
  await using disposedToo = new Listener()
  void [disposed, disposedToo]
}

void [addresses, aliased, families, last, listenerOptions, connectOptions, reason, unreferenced]
