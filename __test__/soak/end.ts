// One end of a planned connection: sends the planned messages, and checks those that it receives.

import { setImmediate as turn } from 'node:timers/promises'
import { type CaromError, type Connection, EOFError } from 'carom'
import { seeded } from '../random.ts'
import { messages, type Plan } from './plan.ts'

export interface Outcome {
  sent: number
  received: number
  bytes: number
  aborted: number
  /** The code of what broke the connection before its time. */
  broken?: string | undefined
}

/** How a connection may break when its peer is gone. */
const GONE = new Set(['ERR_CAROM_EOF', 'ERR_CAROM_PROTOCOL', 'EPIPE', 'ECONNRESET'])

/** Sends and receives as planned, and closes. Throws where a message is not the one that was to come. */
export async function run(connection: Connection, plan: Plan, end: 0 | 1): Promise<Outcome> {
  const outcome: Outcome = { sent: 0, received: 0, bytes: 0, aborted: 0 }
  const leavesEarly = plan.finish === 'early' && end === 0
  const receiving = receiveAll(connection, plan, end, outcome).catch((error: unknown) => {
    if (!leavesEarly) throw error
  })
  try {
    await Promise.all([sendAll(connection, plan, end, outcome), leavesEarly ? undefined : receiving])
    if (end === 1 && plan.finish === 'complete' && !outcome.broken) await expectEnd(connection)
  } finally {
    await connection.close()
    // The first failure is thrown, not those that follow from it.
    await receiving.catch(() => {})
  }
  return outcome
}

async function sendAll(connection: Connection, plan: Plan, end: 0 | 1, outcome: Outcome): Promise<void> {
  try {
    for (const message of messages(plan, end)) {
      await connection.sendBytes(message)
      outcome.sent++
    }
    await connection.flush()
  } catch (error) {
    breaks(error, outcome)
  }
}

async function receiveAll(connection: Connection, plan: Plan, end: 0 | 1, outcome: Outcome): Promise<void> {
  const random = seeded(plan.seed + 7)
  try {
    for (const expected of messages(plan, end === 0 ? 1 : 0)) {
      const message = await receive(connection, () => random() < plan.aborts, outcome)
      if (!expected.equals(message)) {
        throw new Error(`message ${outcome.received} of ${JSON.stringify(plan)} differs: ${message.length} bytes`)
      }
      outcome.received++
      outcome.bytes += message.length
    }
  } catch (error) {
    breaks(error, outcome)
  }
}

/** The next message, for which calls may wait in vain before one gets it. */
async function receive(connection: Connection, aborts: () => boolean, outcome: Outcome): Promise<Buffer> {
  while (aborts()) {
    const controller = new AbortController()
    const receiving = connection.recvBytes(undefined, { signal: controller.signal }).catch((error: unknown) => {
      if (error !== controller.signal.reason) throw error
    })
    // It may fail before it is awaited: the connection is closed meanwhile.
    receiving.catch(() => {})
    await turn()
    controller.abort()
    const message = await receiving
    if (message) return message
    outcome.aborted++
  }
  return connection.recvBytes()
}

async function expectEnd(connection: Connection): Promise<void> {
  const message = await connection.recvBytes().catch((error: unknown) => {
    if (!(error instanceof EOFError)) throw error
  })
  if (message) throw new Error('a message came too many')
}

function breaks(error: unknown, outcome: Outcome): void {
  const { code } = error as CaromError
  if (!GONE.has(code)) throw error
  outcome.broken ??= code
}
