// Python's managers, as processes of their own: a server that is unmodified, and programs that are clients.

import { fileURLToPath } from 'node:url'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { ExecutionContext } from 'ava'
import type { Address } from 'carom'
import { endedWell, startProgram } from './children.ts'

export const KEY = 'key'

/** A crowd of Pythons that start at once takes a busy machine a while. */
export const PATIENT = { authkey: KEY, handshakeTimeout: 120_000 }

const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/python/${name}`, import.meta.url))

/** The value of `out` after a program of lines, run as a client of the manager at `address`: `m`, of Python's `BaseManager`. */
export async function asClient(t: ExecutionContext, python: string, address: Address, lines: string): Promise<unknown> {
  const at = typeof address === 'string' ? address : [address.host, address.port]
  const ending = await startProgram(t, python, [fixture('manager_client.py'), JSON.stringify(at), lines]).ended
  t.like(ending, endedWell)
  return JSON.parse(ending.stdout)
}

export interface PythonManager {
  address: Address
  kill(): Promise<void>
}

/** Starts `fixtures/python/manager.py`, and ends it when the test does. */
export async function startManager(
  t: Pick<ExecutionContext, 'teardown'>,
  python: string,
  { family = 'unix', foreign = '/somewhere/else' }: { family?: 'unix' | 'tcp'; foreign?: string } = {},
): Promise<PythonManager> {
  const child = spawn(python, [fixture('manager.py'), family, foreign], { stdio: ['pipe', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await closed
  }
  t.teardown(kill)
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  const address = JSON.parse(line) as string | [string, number]
  return { address: typeof address === 'string' ? address : { host: address[0], port: address[1] }, kill }
}
