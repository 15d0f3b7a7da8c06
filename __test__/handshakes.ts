// The handshake spoken by hand: the tests' own idea of it, independent of the implementation.

import { createHmac, randomBytes } from 'node:crypto'
import type { RawPeer } from './raw-peer.ts'

/** The tests' key. */
export const KEY = 'secret'

/** Milliseconds for a handshake, which no machine is too slow for: what other tests of a file do may block its process for long. */
export const PATIENCE = 600_000

/** The options of an end that knows the key. */
export const KEYED = { authkey: KEY, handshakeTimeout: PATIENCE } as const

export const PREFIX = '#CHALLENGE#'
export const WELCOME = '#WELCOME#'
export const FAILURE = '#FAILURE#'

/** The names on the wire, and OpenSSL's. */
export const DIGESTS = {
  md5: 'md5',
  sha256: 'sha256',
  sha384: 'sha384',
  sha3_256: 'sha3-256',
  sha3_384: 'sha3-384',
} as const

export type DigestName = keyof typeof DIGESTS

export function mac(digest: DigestName, key: string, message: Uint8Array): Buffer {
  return createHmac(DIGESTS[digest], key).update(message).digest()
}

/** The answer of a modern peer. */
export function modernAnswer(key: string, message: Uint8Array, digest: DigestName = 'sha256'): Buffer {
  return Buffer.concat([Buffer.from(`{${digest}}`), mac(digest, key, message)])
}

/** The answer of a peer that knows only HMAC-MD5: a MAC without a name. */
export function legacyAnswer(key: string, message: Uint8Array): Buffer {
  return mac('md5', key, message)
}

export function modernMessage(digest: DigestName = 'sha256'): Buffer {
  return Buffer.concat([Buffer.from(`{${digest}}`), randomBytes(40)])
}

export function legacyMessage(): Buffer {
  return randomBytes(20)
}

/** The body of a challenge. */
export function challenge(message: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(PREFIX), message])
}

/** The message of the challenge that comes next. */
export async function hearChallenge(peer: RawPeer): Promise<Buffer> {
  const body = await peer.hear()
  if (!body.subarray(0, PREFIX.length).equals(Buffer.from(PREFIX))) throw new Error(`no challenge: ${body}`)
  return body.subarray(PREFIX.length)
}

/** Hears a challenge, answers it and hears the verdict. */
export async function prove(peer: RawPeer, key: string, answer = modernAnswer): Promise<string> {
  peer.say(answer(key, await hearChallenge(peer)))
  return (await peer.hear()).toString()
}

/** Challenges, and gives the answer; the verdict is the caller's. */
export async function askForProof(peer: RawPeer, message: Uint8Array = modernMessage()): Promise<Buffer> {
  peer.say(challenge(message))
  return peer.hear()
}
