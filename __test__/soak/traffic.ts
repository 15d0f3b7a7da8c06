// Two hundred connections at a time, in this process and to children that are killed and stopped at random, until the time is
// up: every message that was accepted arrives once, in order.

import { type Connection, connect, Listener, pipe, Process } from 'carom'
import { seeded } from '../random.ts'
import { type Outcome, run } from './end.ts'
import { type Answer, KEY, type Task } from './peer.ts'
import { type Plan, plan } from './plan.ts'
import { type Sample, Sampler } from './samples.ts'

const CHILDREN = 6

/** The bytes of a ring: fewer than most messages have. */
const RING = 64 * 1024

/** Compiled, or run as it is by the test runner's loader. */
const PEER = new URL(import.meta.url.endsWith('.ts') ? './peer.ts' : './peer.js', import.meta.url)

export interface TrafficReport {
  connections: Record<string, number>
  messages: number
  bytes: number
  aborted: number
  kills: number
  stops: number
  /** With nothing under way: after a fifth of the time, and at the end. */
  before: Sample
  after: Sample
  samples: Sample[]
}

interface Options {
  connections: number
  milliseconds: number
  seed: number
}

/** A listener of which several wait for the one connection each that belongs to them. */
class Lobby {
  readonly listener: Listener
  readonly #expected = new Map<number, (connection: Connection) => void>()

  constructor(listener: Listener) {
    this.listener = listener
    void this.#accept()
  }

  async #accept(): Promise<void> {
    for await (const connection of this.listener) void this.#greet(connection)
  }

  async #greet(connection: Connection): Promise<void> {
    // One that dies before it has said its number says none that is expected.
    const number = (await connection.recv().catch(() => -1)) as number
    const expected = this.#expected.get(number)
    this.#expected.delete(number)
    if (expected) expected(connection)
    else await connection.close()
  }

  /** The connection that says `number` first; `undefined` where its peer is gone. */
  expect(number: number, gone: Promise<unknown>): Promise<Connection | undefined> {
    return new Promise((resolve) => {
      this.#expected.set(number, resolve)
      void gone.then(() => this.#expected.delete(number) && resolve(undefined))
    })
  }
}

/** A child that is the other end of many connections. */
class Peer {
  readonly process: Process
  readonly control: Connection<Answer, Task>
  /** Resolves when the start has given its resources back. */
  readonly started: Promise<unknown>
  readonly ended: Promise<unknown>
  readonly #waiting = new Map<number, (answer: Answer | undefined) => void>()

  constructor() {
    const [here, there] = pipe()
    this.control = here as Connection<Answer, Task>
    this.process = new Process(PEER, { target: 'serve', args: [there] })
    this.started = this.process.start().catch(() => {})
    this.ended = this.#receive()
  }

  async #receive(): Promise<void> {
    try {
      for await (const answer of this.control) {
        this.#waiting.get(answer.number)?.(answer)
        this.#waiting.delete(answer.number)
      }
    } catch {
      // It was killed in the middle of an answer.
    }
    for (const resolve of this.#waiting.values()) resolve(undefined)
    await Promise.all([this.control.close(), this.process.join().catch(() => {})])
    this.process.close()
  }

  /** Resolves with the answer, or `undefined` where the child has been killed meanwhile. */
  ask(task: Task): Promise<Answer | undefined> {
    return new Promise((resolve) => {
      this.#waiting.set(task.number, resolve)
      this.control.send(task).catch(() => {
        // It is gone: only this process can close the connection that was to go to it.
        void task.end?.close()
        resolve(undefined)
      })
    })
  }
}

export async function traffic({ connections, milliseconds, seed }: Options): Promise<TrafficReport> {
  using sampler = new Sampler(Math.max(milliseconds / 120, 250))
  const next = seeded(seed)
  const lobbies = {
    unix: new Lobby(new Listener(undefined, { backlog: 1024 })),
    'unix-authenticated': new Lobby(
      new Listener(undefined, { authkey: KEY, backlog: 1024, handshakeTimeout: 600_000 }),
    ),
    tcp: new Lobby(new Listener({ host: '127.0.0.1', port: 0 }, { backlog: 1024 })),
  }
  const peers = Array.from({ length: CHILDREN }, () => new Peer())
  const report = { connections: {} as Record<string, number>, messages: 0, bytes: 0, aborted: 0, kills: 0, stops: 0 }
  let number = 0

  /** Runs one connection, both ends: the end of a killed child has no outcome. */
  const live = async (local: boolean): Promise<void> => {
    const own = number++
    const planned = plan(seed * 1000 + own)
    const { highWaterMark, transport } = planned
    const lobby = transport === 'pipe' || transport === 'ring' ? undefined : lobbies[transport]
    const ring = transport === 'ring' ? ({ transport: 'shared-memory', ringSize: RING } as const) : {}
    const address = lobby?.listener.address
    let outcomes: (Outcome | undefined)[]
    if (local) {
      const [first, second] = lobby
        ? await Promise.all([
            lobby.expect(own, new Promise(() => {})),
            connect(address!, {
              ...(transport === 'unix-authenticated' && { authkey: KEY, handshakeTimeout: 600_000 }),
              highWaterMark,
            }).then(async (connection) => {
              await connection.send(own)
              return connection
            }),
          ])
        : pipe({ highWaterMark, ...ring })
      outcomes = await Promise.all([run(first!, planned, 0), run(second, planned, 1)])
    } else {
      const peer = peers[Math.floor(next() * CHILDREN)]!
      const [first, end] = lobby ? [] : pipe({ highWaterMark, ...ring })
      const answering = peer.ask(
        end ? { number: own, plan: planned, end } : { number: own, plan: planned, address: address! },
      )
      const connection = first ?? (await lobby!.expect(own, peer.ended))
      const here = connection && (await run(connection, planned, 0))
      const answer = await answering
      if (answer?.failure) throw new Error(answer.failure)
      outcomes = [here, answer?.outcome]
    }
    verify(planned, outcomes)
    const kind = `${transport}, ${local ? 'in this process' : 'to a child'}`
    report.connections[kind] = (report.connections[kind] ?? 0) + 1
    for (const outcome of outcomes) {
      report.messages += outcome?.received ?? 0
      report.bytes += outcome?.bytes ?? 0
      report.aborted += outcome?.aborted ?? 0
    }
  }

  const round = async (until: number): Promise<void> => {
    const lanes = Array.from({ length: connections }, async (_, lane) => {
      do await live(lane % 2 === 0)
      while (performance.now() < until)
    })
    await Promise.all(lanes)
  }

  /** Kills or stops a child now and then. */
  const harass = async (until: number): Promise<void> => {
    while (performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 500 + next() * 2000))
      const which = Math.floor(next() * CHILDREN)
      const peer = peers[which]!
      if (peer.process.pid === undefined) continue
      if (next() < 0.5) {
        report.kills++
        if (next() < 0.5) peer.process.kill()
        else peer.process.terminate()
        await peer.ended
        peers[which] = new Peer()
      } else {
        report.stops++
        process.kill(peer.process.pid, 'SIGSTOP')
        await new Promise((resolve) => setTimeout(resolve, next() * 500))
        process.kill(peer.process.pid, 'SIGCONT')
      }
    }
  }

  /** The memory in use after `duration` of traffic, with nothing under way. */
  const load = async (duration: number, earlier?: Sample): Promise<Sample> => {
    const until = performance.now() + duration
    await Promise.all([round(until), harass(until)])
    await Promise.all(peers.map((peer) => peer.started))
    return sampler.quiet(earlier)
  }

  // The allocator keeps the memory of the load's height: memory is flat if it doesn't grow from then on.
  const before = await load(milliseconds / 5)
  const after = await load((milliseconds * 4) / 5, before)
  for (const peer of peers) await peer.control.close()
  await Promise.all(peers.map((peer) => peer.ended))
  for (const { listener } of Object.values(lobbies)) await listener.close()
  return { ...report, before, after, samples: sampler.samples }
}

/** Every accepted message has arrived, unless an end was killed or has left early. */
function verify({ finish, counts, transport, seed }: Plan, [first, second]: (Outcome | undefined)[]): void {
  if (!first || !second) return
  const complete = first.received === counts[1] && second.received === counts[0]
  if (finish === 'complete' ? complete : second.received === first.sent || transport === 'tcp') return
  throw new Error(`messages were lost, seed ${seed}: ${JSON.stringify({ finish, counts, first, second })}`)
}
