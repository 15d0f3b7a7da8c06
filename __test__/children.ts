// Real child processes running a program of `fixtures/`, with connections as descriptors 3, 4, …

import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ExecutionContext } from 'ava'
import type { Connection } from 'carom'
import { until } from './until.ts'

export interface Ending {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface Child {
  process: ChildProcess
  pid: number
  ended: Promise<Ending>
}

export interface ChildOptions {
  /** Handed over to the child: closed here once the child has them. */
  ends?: Connection[]
  args?: readonly string[]
  /** Added to the environment. */
  env?: Record<string, string>
}

export function fixture(name: string): string {
  return fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url))
}

/** Starts a fixture, and kills it if it still runs when the test ends. */
export function startChild(
  t: ExecutionContext,
  name: string,
  { ends = [], args = [], env = {} }: ChildOptions = {},
): Child {
  return startProgram(t, process.execPath, [...process.execArgv, fixture(name), ...args], ends, env)
}

export function startProgram(
  t: ExecutionContext,
  command: string,
  args: readonly string[],
  ends: Connection[] = [],
  env: Record<string, string> = {},
  cwd?: string,
): Child {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...ends.map((end) => end.fd)],
  })
  for (const end of ends) void end.close()

  let [stdout, stderr] = ['', '']
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const ended = new Promise<Ending>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return { process: child, pid: child.pid ?? -1, ended }
}

/** Resolves when the child has written `text` to its standard output. */
export function untilPrinted(child: Child, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let seen = ''
    child.process.stdout?.on('data', (chunk: string) => {
      seen += chunk
      if (seen.includes(text)) resolve()
    })
    child.ended.then((ending) => reject(new Error(`it ended without '${text}': ${JSON.stringify(ending)}`)), reject)
  })
}

/** Resolves when the child's main thread sleeps in the kernel (Linux; elsewhere at once). */
export function untilAsleep({ pid }: Child): Promise<void> {
  return untilInState(pid, 'S')
}

/** Resolves when the child is stopped, as by SIGSTOP (Linux; elsewhere at once). */
export function untilStopped({ pid }: Child): Promise<void> {
  return untilInState(pid, 'T')
}

/** `wanted`: a letter of `ps`. */
async function untilInState(pid: number, wanted: string): Promise<void> {
  if (process.platform !== 'linux') return
  const state = (): string | undefined => /\) (\S)/.exec(readFileSync(`/proc/${pid}/task/${pid}/stat`, 'latin1'))?.[1]
  await until(
    () => state() === wanted,
    () => `process ${pid} is in the state ${state()}, not ${wanted}`,
  )
}

export const endedWell = { code: 0, signal: null, stderr: '' } as const

/** For `t.like`: the child ended by itself, and printed nothing on standard error. */
export function wellWith(stdout: string): Ending {
  return { ...endedWell, stdout }
}
