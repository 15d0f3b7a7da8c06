// A listener and its three clients, each a process of its own, which prove to each other that they know a key.
//
// Run it: node --import @oxc-node/core/register examples/listener-clients/index.ts

import {
  AuthenticationError,
  connect,
  connectSync,
  isMain,
  Listener,
  Process,
  type Address,
  type Connection,
} from 'carom'

/** The key that both ends must know. A real one is 32 random bytes that come from outside: the environment, a file of mode 0600. */
const authkey = 'secret password'

/** A client that receives a value, bytes, and numbers into an array of its own. */
export async function valuesClient(address: Address): Promise<void> {
  await using connection = await connect(address, { authkey })
  console.log(await connection.recv()) // [2.25, null, 'junk', { nested: true }]
  console.log(await connection.recvBytes()) // hello

  const numbers = new Int32Array(5)
  console.log(await connection.recvBytesInto(numbers), 'bytes') // 8 bytes
  console.log(numbers) // 42, 1729, 0, 0, 0
}

/** A client that sends many values before it looks at the first echo: they come back in order. */
export async function echoClient(address: Address): Promise<void> {
  await using connection = await connect(address, { authkey })
  // The server's own three messages.
  for (let greeting = 0; greeting < 3; greeting++) await connection.recvBytes()

  const values = [1, 'two', [3], new Map([[4, 'four']]), new Date(5), 6n]
  for (const value of values) void connection.send(value)
  for (const _ of values) console.log('echo of', await connection.recv())
}

/** The same in calls that block, as a script may want it. Its first attempt has the wrong key. */
export function blockingClient(address: Address): void {
  try {
    connectSync(address, { authkey: 'a guess' })
  } catch (error) {
    if (!(error instanceof AuthenticationError)) throw error
    console.log('a guess is', error.reason) // rejected
  }

  using connection = connectSync(address, { authkey })
  console.log(connection.recvSync())
  console.log(connection.recvBytesSync().toString())
  console.log(connection.recvBytesSync().length, 'bytes')
  connection.sendSync('are you there?')
  console.log('echo of', connection.recvSync())
}

/** Sends a few messages, then echoes what the client says, until it closes. */
async function serve(connection: Connection): Promise<void> {
  await connection.send([2.25, null, 'junk', { nested: true }])
  await connection.sendBytes(Buffer.from('hello'))
  await connection.sendBytes(Int32Array.of(42, 1729))
  for await (const message of connection) await connection.send(message)
  await connection.close()
}

/** One client after the other, so that what they print stays apart; the server would serve them all at once. */
async function runClients(address: Address): Promise<void> {
  for (const target of ['valuesClient', 'echoClient', 'blockingClient']) {
    const client = new Process(import.meta.url, { target, args: [address] })
    await client.start()
    await client.join()
  }
}

if (isMain(import.meta)) {
  // Port 0 has the system choose one.
  const listener = new Listener({ host: 'localhost', port: 0 }, { authkey })
  listener.on('authenticationFailure', (error) => console.log(`refused: ${error.message}`))
  const clients = runClients(listener.address)

  const served: Promise<void>[] = []
  for await (const connection of listener) {
    console.log('connection accepted from', listener.lastAccepted)
    served.push(serve(connection))
    if (served.length === 3) break
  }
  await Promise.all(served)
  await clients
  await listener.close()
}
