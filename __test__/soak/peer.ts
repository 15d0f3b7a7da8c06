// A child process that is the second end of connections, as many at once as it is asked to be, until it is ended.

import { type Address, connect, type Connection } from 'carom'
import { run, type Outcome } from './end.ts'
import type { Plan } from './plan.ts'

export const KEY = 'soak'

/** The connection whose end the child is: one that comes along, or one to this address. */
export interface Task {
  number: number
  plan: Plan
  end?: Connection
  address?: Address
}

export interface Answer {
  number: number
  outcome?: Outcome
  failure?: string
}

/** The target of the process: performs the tasks that come. */
export async function serve(control: Connection<Task, Answer>): Promise<void> {
  for await (const task of control) {
    perform(task).then(
      (outcome) => control.send({ number: task.number, outcome }).catch(() => {}),
      (error: Error) => control.send({ number: task.number, failure: error.stack ?? String(error) }).catch(() => {}),
    )
  }
  await control.close()
}

async function perform({ number, plan, end, address }: Task): Promise<Outcome> {
  const { highWaterMark } = plan
  if (end) return run(end, plan, 1)
  const key = plan.transport === 'unix-authenticated' ? { authkey: KEY } : {}
  const connection = await connect(address!, { ...key, highWaterMark, handshakeTimeout: 600_000 })
  // The listener's connections are told apart by that.
  await connection.send(number)
  return run(connection, plan, 1)
}
