import { types } from 'node:util'

import { bytes, invalidType, outOfRange, timeout } from './arguments.js'

/**
 * A way to make a MAC of a challenge.
 * See {@link AuthenticationOptions}.
 */
export type Digest = 'md5' | 'sha256' | 'sha384' | 'sha3_256' | 'sha3_384'

const DIGESTS: readonly Digest[] = ['md5', 'sha256', 'sha384', 'sha3_256', 'sha3_384']

/**
 * How the two ends prove to each other that they know a key. The guide *Listeners, addresses and the key*
 * (`docs/authentication.md`) says what that protects, and what it doesn't.
 *
 * @example
 * ```ts
 * import { connect, Listener } from 'carom'
 *
 * const key = { authkey: 'better 32 random bytes', digests: ['sha256'], dialect: 'modern' } as const
 * const listener = new Listener(undefined, { ...key, handshakeTimeout: 2000 })
 * listener.on('authenticationFailure', (error) => console.log(error.code)) // ERR_CAROM_AUTHENTICATION
 * const accepting = listener.accept()
 *
 * await connect(listener.address, { authkey: 'a guess' }).catch(() => {})
 * const connection = await connect(listener.address, key)
 * await connection.send('I know the key')
 * console.log(await (await accepting).recv()) // I know the key
 * ```
 */
export interface AuthenticationOptions {
  /**
   * The secret that both ends must know; a string stands for its UTF-8. Default: none, and anybody who reaches the listener is
   * admitted. A key that is given as `undefined`, `null` or empty is a `TypeError`, so a variable that was not set never opens a
   * listener to everybody.
   */
  authkey?: string | ArrayBufferView | ArrayBufferLike
  /**
   * The digests that a peer may use. Default: all. Without `md5`, peers older than Python 3.12, and billiard, are refused.
   */
  digests?: readonly Digest[] | undefined
  /** `'redhat'` is for peers with Red Hat's patch: SHA-256 without its name. Default `'modern'`, for all other peers. */
  dialect?: 'modern' | 'redhat' | undefined
  /** Milliseconds for the peer to prove that it knows the key. Default 10,000. */
  handshakeTimeout?: number | undefined
}

export const AUTHENTICATION_OPTIONS: Record<keyof AuthenticationOptions, true> = {
  authkey: true,
  digests: true,
  dialect: true,
  handshakeTimeout: true,
}

/** Options that have been checked, and their defaults filled in. */
export interface Authentication {
  key: Uint8Array
  digests: Digest[]
  redhat: boolean
  /** Milliseconds. */
  timeout: number
  /** Whether descriptors are accepted from a peer that has proved that it knows the key. */
  descriptors: boolean
}

/** How peers are authenticated; not at all where there is no key. */
export function authentication(
  options: AuthenticationOptions & { descriptors?: boolean | undefined },
): Authentication | undefined {
  const { descriptors = true } = options
  const { authkey, digests = DIGESTS, dialect = 'modern', handshakeTimeout = 10_000 } = options
  if (!Array.isArray(digests)) throw invalidType('digests', 'an array', digests)
  for (const digest of digests) {
    if (!DIGESTS.includes(digest as Digest)) throw outOfRange('each of digests', DIGESTS.join(', '), digest)
  }
  if (digests.length === 0) throw outOfRange('digests', 'one at least', '[]')
  if (dialect !== 'modern' && dialect !== 'redhat') throw outOfRange('dialect', "'modern' or 'redhat'", dialect)
  const milliseconds = timeout(handshakeTimeout, 'handshakeTimeout')
  if (authkey === undefined && !('authkey' in options)) return undefined
  if (authkey === undefined || authkey === null || authkey === '') throw missingKey(authkey)
  // A copy: the caller may wipe its own.
  const key = typeof authkey === 'string' ? Buffer.from(authkey) : copyOf(authkey)
  if (key.length === 0) throw outOfRange('authkey', 'one byte at least, or better 32 random ones', 'empty')
  return { key, digests: [...(digests as Digest[])], redhat: dialect === 'redhat', timeout: milliseconds, descriptors }
}

function copyOf(authkey: ArrayBufferView | ArrayBufferLike): Uint8Array {
  if (!ArrayBuffer.isView(authkey) && !types.isAnyArrayBuffer(authkey)) {
    throw invalidType('authkey', 'a string or bytes', authkey)
  }
  return new Uint8Array(bytes('authkey', authkey))
}

function missingKey(authkey: unknown): TypeError {
  return invalidType('authkey', 'a string or bytes, and not empty (leave the option out to let everybody in)', authkey)
}
