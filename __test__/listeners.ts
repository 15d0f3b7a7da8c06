// Listeners, addresses and bare peers that are closed when their test ends, however it ends.

import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect as connectSocket, createServer } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import {
  connect,
  Listener,
  type Address,
  type CaromError,
  type Connection,
  type ConnectOptions,
  type ListenerOptions,
} from 'carom'
import { KEYED } from './handshakes.ts'
import { closeAfter } from './pairs.ts'
import { RawPeer } from './raw-peer.ts'

export function listen(t: ExecutionContext, address?: Address, options?: ListenerOptions): Listener {
  const listener = new Listener(address, options)
  t.teardown(() => listener.close())
  return listener
}

/** Both ends of a connection that goes through `listener`. */
export async function connected(
  t: ExecutionContext,
  listener: Listener,
  options?: ConnectOptions,
): Promise<[client: Connection, server: Connection]> {
  const ends = await Promise.all([connect(listener.address, options), listener.accept()])
  for (const end of ends) closeAfter(t, end)
  return ends
}

/** A directory of the test's own. */
export function temporaryDirectory(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'carom-test-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  return directory
}

/** A path where nothing is. */
export function freshPath(t: ExecutionContext): string {
  return join(temporaryDirectory(t), 'socket')
}

/** Resolves with the arguments of the listener's next authenticationFailure event. */
export function refusal(listener: Listener): Promise<{ error: CaromError; address: unknown }> {
  return new Promise((resolve) => {
    listener.once('authenticationFailure', (error, address) => resolve({ error, address }))
  })
}

/** The listener still serves a client that knows the key. */
export async function livesOn(t: ExecutionContext, listener: Listener, options: ConnectOptions = {}): Promise<void> {
  const [client, server] = await connected(t, listener, { ...KEYED, ...options })
  await client.send('honest')
  t.is(await server.recv(), 'honest')
}

let names = 0

/** A name in Linux's abstract namespace that no other program uses. */
export function freshName(): string {
  return `\0carom-test-${process.pid}-${names++}`
}

/**
 * A loopback address that is this process's own: a port there that was taken and given back is nobody else's meanwhile (Linux;
 * elsewhere there is one address for all).
 */
export const OWN_HOST: string =
  process.platform === 'linux'
    ? `127.${64 + (process.pid >> 16)}.${(process.pid >> 8) & 0xff}.${process.pid & 0xff}`
    : '127.0.0.1'

const hasIpv6 = Object.values(networkInterfaces()).some((entries) => entries?.some(({ address }) => address === '::1'))

/** Every kind of address that this system has, each made afresh for a test. */
export const KINDS: [kind: string, make: (t: ExecutionContext) => Address | undefined][] = [
  ['a Unix socket path', freshPath],
  ['a private address', () => undefined],
  ['TCP over IPv4', () => ({ host: OWN_HOST, port: 0 })],
  ['TCP to localhost', () => ({ host: 'localhost', port: 0 })],
]
if (hasIpv6) KINDS.push(['TCP over IPv6', () => ({ host: '::1', port: 0 })])
if (process.platform === 'linux') KINDS.push(['an abstract name', freshName])

/** Connects to a listener, and leaves the rest to the test. */
export async function rawPeer(t: ExecutionContext, address: Address): Promise<RawPeer> {
  const socket = connectSocket(typeof address === 'string' ? { path: address } : address)
  const peer = new RawPeer(t, socket)
  await once(socket, 'connect')
  return peer
}

/** Listens at a fresh path, and plays `script` to each client. */
export async function rawListener(
  t: ExecutionContext,
  script: (peer: RawPeer) => unknown = () => {},
): Promise<{ address: string; peers: RawPeer[] }> {
  const [address, peers] = [freshPath(t), [] as RawPeer[]]
  const server = createServer((socket) => {
    const peer = new RawPeer(t, socket)
    peers.push(peer)
    Promise.resolve(script(peer)).catch((error: unknown) => t.log(error))
  })
  server.listen(address)
  await once(server, 'listening')
  t.teardown(() => server.close())
  return { address, peers }
}
