// Peers that play a step of the handshake wrongly, in either role, against asynchronous and blocking calls: each is refused
// for what it did, the listener goes on, and nothing is left of it.

import test, { type ExecutionContext } from 'ava'
import { type CaromError, connect, type Connection, EOFError, type Family, Listener } from 'carom'
import { startChild } from './children.ts'
import { checkDescriptors } from './descriptors.ts'
import { answerTo, BareListener, BarePeer, CHALLENGE, modernChallenge, WELCOME } from './hostile/bare-peer.ts'
import { CLIENT_PLAYS, type Earlier, FIRST, KEY, LISTENER_PLAYS, type Play } from './hostile/plays.ts'
import { pair } from './pairs.ts'

checkDescriptors(test)

/** For those that stall, milliseconds; all others have all the time they need. */
const SHORT = 50
const LONG = 120_000

const FAMILIES = ['AF_UNIX', 'AF_INET'] as const
const playsOf = (plays: readonly Play[], family: Family): Play[] =>
  plays.filter((play) => play.family === undefined || play.family === family)

/** An answer that was right for its own challenge. */
async function overhear(listener: Listener): Promise<Earlier> {
  const accepted = listener.accept()
  const peer = await BarePeer.connect(listener.address)
  const answer = answerTo(KEY, await peer.receiveChallenge())
  peer.send(answer)
  await peer.receive()
  peer.send(Buffer.concat([Buffer.from(CHALLENGE), modernChallenge()]))
  await peer.receive()
  peer.send(WELCOME)
  await (await accepted).close()
  peer.close()
  return { answer }
}

const refusalOf = (error: unknown): string | undefined => {
  const { reason, code } = error as CaromError & { reason?: string }
  return reason ?? code
}

function refused(listener: Listener): Promise<string | undefined> {
  return new Promise((resolve) => listener.once('authenticationFailure', (error) => resolve(refusalOf(error))))
}

/** The time was up before a peer that stalls had come to that, or before the honest one was let in. */
class Overtaken extends Error {}

/** Plays until the peer has done its part: one that stalls gets more time when it was too slow even for that. */
async function inTime(play: Play, attempt: (handshakeTimeout: number) => Promise<void>): Promise<void> {
  for (let timeout = play.refusal === 'ERR_CAROM_TIMEOUT' ? SHORT : LONG; ; timeout *= 4) {
    try {
      return await attempt(timeout)
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error
    }
  }
}

async function settled(promise: Promise<unknown>): Promise<PromiseSettledResult<unknown>> {
  const [result] = await Promise.allSettled([promise])
  return result!
}

/** Plays, checks, and closes the peer's socket in the end, whatever happens. */
async function playing(peer: BarePeer, play: Play, earlier: Earlier, check: () => Promise<void>): Promise<void> {
  try {
    const overtaken = await Promise.resolve(play.play(peer, earlier)).catch((error: unknown) => {
      if (play.refusal !== 'ERR_CAROM_TIMEOUT') throw error
      return new Overtaken()
    })
    await check()
    if (overtaken) throw overtaken
  } finally {
    peer.close()
  }
}

// One after the other: those that stall would be too slow beside hundreds of others.
for (const family of FAMILIES) {
  for (const play of playsOf(CLIENT_PLAYS, family)) {
    test.serial(`a client over ${family}: ${play.title}`, (t) =>
      inTime(play, async (handshakeTimeout) => {
        const listener = new Listener(undefined, { family, authkey: KEY, handshakeTimeout })
        try {
          const earlier = play.title.includes('handshake before') ? await overhear(listener) : { answer: Buffer.of() }
          const refusal = refused(listener)
          let accepting = listener.accept()
          // An attempt that was too slow is given up before anybody has been accepted.
          accepting.catch(() => {})
          const peer = await BarePeer.connect(listener.address)
          await playing(peer, play, earlier, async () => {
            if (play.refusal === undefined) {
              const connection = await accepting
              t.is((await connection.recvBytes()).toString(), FIRST)
              await connection.close()
              accepting = listener.accept()
              accepting.catch(() => {})
              return
            }
            isRefused(t, { refusal: await refusal }, play)
            // It sees the end, after a verdict if one was due.
            if (!peer.socket.destroyed) await peer.rest()
          })
          await servesTheHonest(t, listener, accepting, play)
        } finally {
          await listener.close()
        }
      }),
    )
  }

  for (const play of playsOf(LISTENER_PLAYS, family)) {
    test.serial(`a listener over ${family}: ${play.title}`, (t) =>
      inTime(play, async (handshakeTimeout) => {
        const listener = await BareListener.listen(family)
        try {
          const connecting = connect(listener.address, { authkey: KEY, handshakeTimeout }).then(
            (connection) => ({ connection }),
            (error: unknown) => ({ refusal: refusalOf(error) }),
          )
          const peer = await listener.accept()
          await playing(peer, play, { answer: answerTo(KEY, modernChallenge(7)) }, async () => {
            await expectOf(t, play, await connecting)
          })
        } finally {
          await listener.close()
        }
      }),
    )
  }
}

async function expectOf(
  t: ExecutionContext,
  play: Play,
  outcome: { connection?: Connection; refusal?: string | undefined },
): Promise<void> {
  if (outcome.connection && play.refusal === undefined) {
    t.is((await outcome.connection.recvBytes()).toString(), FIRST)
  } else {
    isRefused(t, outcome, play)
  }
  await outcome.connection?.close()
}

function isRefused(t: ExecutionContext, { refusal }: { refusal?: string | undefined }, play: Play): void {
  t.is(refusal === play.or ? play.refusal : refusal, play.refusal, play.title)
}

async function servesTheHonest(
  t: ExecutionContext,
  listener: Listener,
  accepting: Promise<Connection>,
  play?: Play,
): Promise<void> {
  const connecting = connect(listener.address, { authkey: KEY, handshakeTimeout: LONG }).catch((error: unknown) => {
    // The time is the same for both peers.
    throw play?.refusal === 'ERR_CAROM_TIMEOUT' && error instanceof EOFError ? new Overtaken() : error
  })
  const [client, server] = await Promise.all([connecting, accepting])
  const sending = client.sendBytes(Buffer.from('honest'))
  t.is((await server.recvBytes()).toString(), 'honest')
  await sending
  await Promise.all([client.close(), server.close()])
}

interface Outcome {
  message?: string
  refusal?: string
}

/** A process that blocks while the peer plays in this one. */
function blockingEnd(t: ExecutionContext): Connection {
  const [here, there] = pair(t)
  startChild(t, 'blocking-end.ts', { ends: [there] })
  return here
}

function isExpected(t: ExecutionContext, outcome: Outcome, play: Play): void {
  if (play.refusal === undefined) t.deepEqual(outcome, { message: FIRST }, play.title)
  else isRefused(t, outcome, play)
}

for (const family of FAMILIES) {
  test.serial(
    `clients over ${family}, blocking accepts: each is refused for what it did, and the next is let in`,
    async (t) => {
      const end = blockingEnd(t)
      for (const play of playsOf(CLIENT_PLAYS, family)) {
        await inTime(play, async (handshakeTimeout) => {
          await end.send({ act: 'accept', family, authkey: KEY, handshakeTimeout })
          const address = (await end.recv()) as Listener['address']
          const earlier = { answer: answerTo(KEY, modernChallenge(7)) }
          await playing(await BarePeer.connect(address), play, earlier, async () => {
            isExpected(t, (await end.recv()) as Outcome, play)
            // The time is the same for both peers: the honest one may be too slow for it as well.
            const beHonest = async (): Promise<void> => {
              const honest = await connect(address, { authkey: KEY, handshakeTimeout: LONG })
              await honest.sendBytes(Buffer.from('honest'))
              await honest.close()
            }
            const [{ status }, outcome] = [await settled(beHonest()), (await end.recv()) as Outcome]
            const left = await end.recv()
            if (play.refusal === 'ERR_CAROM_TIMEOUT' && outcome.refusal === play.refusal) throw new Overtaken()
            t.deepEqual([status, outcome], ['fulfilled', { message: 'honest' }], `after: ${play.title}`)
            t.is(left, 0, `descriptors left after: ${play.title}`)
          })
        })
      }
    },
  )

  test.serial(`listeners over ${family}, blocking connects: each is refused for what it did`, async (t) => {
    const end = blockingEnd(t)
    const listener = await BareListener.listen(family)
    t.teardown(() => listener.close())
    for (const play of playsOf(LISTENER_PLAYS, family)) {
      await inTime(play, async (handshakeTimeout) => {
        await end.send({ act: 'connect', address: listener.address, authkey: KEY, handshakeTimeout })
        const earlier = { answer: answerTo(KEY, modernChallenge(7)) }
        await playing(await listener.accept(), play, earlier, async () => {
          isExpected(t, (await end.recv()) as Outcome, play)
          t.is(await end.recv(), 0, `descriptors left after: ${play.title}`)
        })
      })
    }
  })
}

test.serial('hundreds of silent peers delay no other, and are gone when the listener is', async (t) => {
  const listener = new Listener(undefined, { authkey: KEY, handshakeTimeout: LONG })
  t.teardown(() => listener.close())
  const accepting = listener.accept()
  const silent: BarePeer[] = []
  for (let n = 0; n < 200; n++) {
    const peer = await BarePeer.connect(listener.address)
    t.teardown(() => peer.close())
    await peer.receiveChallenge()
    silent.push(peer)
  }
  await servesTheHonest(t, listener, accepting)
  await listener.close()
  for (const peer of silent) t.is((await peer.rest()).length, 0)
})
