import { integer, invalid, invalidType, outOfRange } from './arguments.js'

/**
 * Where a listener is: the path of a Unix socket, a name in Linux's abstract namespace (after a NUL), or TCP. With port 0, the
 * system chooses one. See {@link Listener} and {@link connect}.
 */
export type Address = string | TcpAddress

/**
 * Where a TCP listener is.
 *
 * @example
 * ```ts
 * import { connect, Listener } from 'carom'
 *
 * const listener = new Listener({ host: '127.0.0.1', port: 0 })
 * const { address } = listener // with the port that the system has chosen
 * if (typeof address === 'object') console.log(address.host, address.port > 0) // 127.0.0.1 true
 * const connection = await connect(address)
 * console.log(connection.transport) // socket
 * ```
 */
export interface TcpAddress {
  /** A name, an IPv4 address, or an IPv6 address, which may have a zone: `fe80::1%eth0`. `localhost` is both versions of IP. */
  host: string
  /** From 0 to 65,535. */
  port: number
}

/**
 * The kind of an address, with CPython's names. See {@link ConnectSyncOptions} and {@link ListenerOptions}.
 */
export type Family = 'AF_UNIX' | 'AF_INET' | 'AF_PIPE'

const EXPECTED = 'a path, or { host, port }'
const EXPECTED_FIRST = `${EXPECTED} (options are the second argument)`

const PIPES = process.platform === 'win32'
const WINDOWS = "named pipes are Windows' own"

const FAMILIES: ReadonlySet<unknown> = new Set(['AF_UNIX', 'AF_INET', 'AF_PIPE'])

/** The address in a caller's argument; `undefined` for a private one. */
export function listenAddress(address: unknown, family: unknown): Address | undefined {
  if (address !== undefined) return checkedAddress(address, family)
  const chosen = checkedFamily(family)
  return chosen === 'AF_INET' ? { host: 'localhost', port: 0 } : undefined
}

/** Checks that an address is valid, and of the caller's family, if one was given. */
export function checkedAddress(address: unknown, family: unknown): Address {
  const own = familyOf(address)
  const chosen = checkedFamily(family)
  if (chosen !== undefined && chosen !== own) {
    throw outOfRange('family', `${own}, as the address is`, chosen)
  }
  if (own === 'AF_PIPE' && !PIPES) {
    throw outOfRange('address', `a Unix socket's path, or { host, port } (${WINDOWS})`, address)
  }
  if (typeof address === 'string') return address
  const { host, port } = address as TcpAddress
  return { host, port }
}

function familyOf(address: unknown): Family {
  if (typeof address === 'string') return address.startsWith('\\\\') ? 'AF_PIPE' : 'AF_UNIX'
  const given = (typeof address === 'object' && address !== null ? address : {}) as Partial<TcpAddress>
  if (!('host' in given || 'port' in given)) {
    throw invalidType('address', Object.keys(given).length > 0 ? EXPECTED_FIRST : EXPECTED, address)
  }
  const { host, port } = given
  if (typeof host !== 'string') throw invalidType("the address's host", 'a name or an address', host)
  if (typeof port !== 'number') throw invalidType("the address's port", 'a number from 0 to 65535', port)
  const unknown = Object.keys(address as object).find((name) => name !== 'host' && name !== 'port')
  if (unknown !== undefined) {
    throw invalid(`an address has a host and a port, and no ${unknown}; options are the second argument`)
  }
  if (host === '' || host.includes('\0')) throw outOfRange('host', 'a name or an address', JSON.stringify(host))
  integer('port', port, 0, 65_535)
  return 'AF_INET'
}

function checkedFamily(family: unknown): Family | undefined {
  if (family === undefined) return undefined
  if (!FAMILIES.has(family)) throw outOfRange('family', 'AF_UNIX, AF_INET or AF_PIPE', family)
  if (family === 'AF_PIPE' && !PIPES) throw outOfRange('family', `AF_UNIX or AF_INET (${WINDOWS})`, family)
  return family as Family
}

/** An address as people write it. */
export function shown(address: Address): string {
  if (typeof address === 'string') return address.replaceAll('\0', String.raw`\0`)
  const { host, port } = address
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
