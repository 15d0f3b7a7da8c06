// The bytes of a handshake, compared with the MAC that Python's `hmac` makes of the same challenge; the peer is played
// by hand.

import test from 'ava'
import { connect, type ConnectOptions, type Digest, Listener } from 'carom'
import { checkDescriptors } from './descriptors.ts'
import { PATIENCE } from './handshakes.ts'
import { BareListener, BarePeer, CHALLENGE, FAILURE, WELCOME } from './hostile/bare-peer.ts'
import { pythonPeers, PYTHONS } from './python-peers.ts'

const peerOf = pythonPeers(test, [PYTHONS.find(({ name }) => name !== 'billiard')!])
checkDescriptors(test)

const python = (): ReturnType<typeof peerOf> => peerOf(PYTHONS[0]!)
const KEY = Buffer.from('secret')
const DIGESTS: Digest[] = ['md5', 'sha256', 'sha384', 'sha3_256', 'sha3_384']
const counting = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, n) => n))
const named = (digest: string, bytes: Uint8Array): Buffer => Buffer.concat([Buffer.from(`{${digest}}`), bytes])
const challenge = (random: Buffer): Buffer => Buffer.concat([Buffer.from(CHALLENGE), random])

/** A challenge, and the form of the answer: by which digest, and whether that is named. */
const CASES: { title: string; random: Buffer; digest: Digest; prefix: boolean; options?: ConnectOptions }[] = [
  { title: '20 bytes', random: counting(20), digest: 'md5', prefix: false },
  { title: '20 zeros', random: Buffer.alloc(20), digest: 'md5', prefix: false },
  // A challenge that announced its digest would be indistinguishable from one of random bytes.
  { title: '20 bytes that name a digest', random: named('sha256', counting(12)), digest: 'md5', prefix: false },
  {
    title: '20 bytes, of a Red Hat peer',
    random: counting(20),
    digest: 'sha256',
    prefix: false,
    options: { dialect: 'redhat' },
  },
  ...DIGESTS.map((digest) => ({
    title: `40 bytes for ${digest}`,
    random: named(digest, counting(40)),
    digest,
    prefix: true,
  })),
  { title: '237 bytes, the most that fit', random: named('sha256', counting(237)), digest: 'sha256', prefix: true },
]
const KEYS = [KEY, Buffer.alloc(64, 'x'), Buffer.alloc(65, 'x'), Buffer.alloc(200, 'k'), Buffer.of(0, 255)]

for (const { title, random, digest, prefix, options } of CASES) {
  test.serial(`as a client, our answer to ${title} is Python's HMAC`, async (t) => {
    const listener = await BareListener.listen('AF_UNIX')
    t.teardown(() => listener.close())
    for (const key of KEYS) {
      const refused = connect(listener.address, { ...options, authkey: key, handshakeTimeout: PATIENCE }).catch(
        (error: unknown) => error,
      )
      const peer = await listener.accept()
      peer.send(challenge(random))
      const mac = await python().mac(key, random, digest)
      t.deepEqual(await peer.receive(), prefix ? named(digest, mac) : mac)
      peer.send(FAILURE)
      t.like(await refused, { reason: 'rejected' })
      peer.close()
    }
  })

  test.serial(`as a listener, our answer to ${title} is Python's HMAC`, async (t) => {
    for (const key of KEYS) {
      const listener = new Listener(undefined, { ...(options as object), authkey: key, handshakeTimeout: PATIENCE })
      t.teardown(() => listener.close())
      const accepted = listener.accept()
      const peer = await BarePeer.connect(listener.address)
      const ours = await peer.receiveChallenge()
      const raw = options?.dialect === 'redhat'
      const answer = await python().mac(key, ours, 'sha256')
      peer.send(raw ? answer : named('sha256', answer))
      t.deepEqual(await peer.receive(), Buffer.from(WELCOME))
      peer.send(challenge(random))
      const mac = await python().mac(key, random, digest)
      t.deepEqual(await peer.receive(), prefix ? named(digest, mac) : mac)
      peer.send(WELCOME)
      await (await accepted).close()
      peer.close()
    }
  })
}

test.serial('our challenge is {sha256} and 40 random bytes, and takes the answer of any digest', async (t) => {
  const listener = new Listener(undefined, { authkey: KEY, handshakeTimeout: PATIENCE })
  t.teardown(() => listener.close())
  const challenges = new Set<string>()
  for (const digest of [...DIGESTS, undefined]) {
    const accepted = listener.accept()
    const peer = await BarePeer.connect(listener.address)
    const ours = await peer.receiveChallenge()
    t.is(ours.length, 48)
    t.is(ours.subarray(0, 8).toString(), '{sha256}')
    challenges.add(ours.toString('hex'))
    const mac = await python().mac(KEY, ours, digest ?? 'md5')
    peer.send(digest ? named(digest, mac) : mac)
    t.deepEqual(await peer.receive(), Buffer.from(WELCOME), digest ?? 'bare MD5')
    peer.send(challenge(counting(20)), WELCOME)
    await peer.receive()
    await (await accepted).close()
    peer.close()
  }
  t.is(challenges.size, DIGESTS.length + 1)
})

test.serial('the challenge to a Red Hat peer is 20 random bytes', async (t) => {
  const listener = new Listener(undefined, { authkey: KEY, handshakeTimeout: PATIENCE, dialect: 'redhat' })
  t.teardown(() => listener.close())
  listener.accept().catch(() => {})
  const peer = await BarePeer.connect(listener.address)
  t.is((await peer.receiveChallenge()).length, 20)
  peer.close()
})
